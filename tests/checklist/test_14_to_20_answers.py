"""Checklist, HTTP and the contract: responses, and errors."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask, abort, request
from schemathesis.config import SchemathesisConfig

from api.contract.proof.plugin import Contract
from tests import fuzzing
from tests.actor import PASSWORD, SAME_ID, Someone, assert_problem
from tests.contract.test_http import ALLOWED, headers_of
from tests.contract.test_http_errors import INSIDE, errors, faulty
from tests.records import recorded_lines
from tests.storage.test_unavailable import locked

PHASES = ["examples", "coverage", "fuzzing", "stateful"]


def test_14_a_client_that_waits_for_retry_after_is_served(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    """The 503 of hashing is in test_passwords_busy.py; that of the database in the next test."""
    limited = Someone(make_app_at(sqlite_url, ratelimit_default="1 per second").test_client())
    while (often := limited.gives_details()).status_code == 201:
        pass
    assert_problem(often, 429)
    assert re.fullmatch("[0-9]+", often.headers["Retry-After"])
    time.sleep(int(often.headers["Retry-After"]))
    assert limited.gives_details().status_code == 201


def test_15_without_the_database_requests_are_503_and_it_recovers(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(database_timeout=1)
    someone, ada = Someone(app.test_client()), Someone(app.test_client())
    # An exclusive lock is impossible once another connection reads.
    app.extensions["store"].close()
    with locked(app.extensions["store"].database.engine), ThreadPoolExecutor() as pool:
        asked = pool.submit(ada.gives_details), pool.submit(ada.reads, "/readyz")
        assert someone.reads("/livez").status_code == 200
        refused, ready = (answer.result(timeout=60) for answer in asked)
    assert_problem(refused, 503)
    assert int(refused.headers["Retry-After"]) > 0 and ready.status_code == 503
    assert someone.gives_details().status_code == 201
    assert someone.reads("/readyz").status_code == 200


def test_16_an_error_is_a_problem_with_the_status_of_the_response(
    someone: Someone, ada: Someone
) -> None:
    for status, refused in errors(someone, ada):
        assert (refused.status_code, refused.mimetype) == (status, "application/problem+json")
        problem = refused.get_json(force=True)
        assert problem["status"] == status
        # A client that ignores the extension member `errors` still gets the message.
        assert problem.keys() - {"errors"} == {"type", "title", "status", "detail"}


def test_17_what_is_created_can_be_read_where_location_says(someone: Someone) -> None:
    json: dict[str, Any] = {"headers": {"Accept": "application/json"}}
    created = [someone.gives_details(json, lastname=name) for name in ("K\u00f6nig", "King")]
    for answer, name in zip(created, ("K\u00f6nig", "King"), strict=True):
        assert answer.status_code == 201
        read = someone.reads(answer.headers["Location"]).get_json()
        assert (read["lastname"], read["id"]) == (name, answer.get_json()["id"])


def test_18_head_is_get_without_content_and_204_has_none(ada: Someone) -> None:
    """There is no 304, because the API has no conditional GET."""
    link = ada.gives_details(username="ada").headers["Location"]
    for path in [link, *(path for path, methods in ALLOWED.items() if "GET" in methods)]:
        got, head = (ada.asks(method, path, headers=SAME_ID) for method in ("GET", "HEAD"))
        assert head.status_code == got.status_code
        assert headers_of(head) == headers_of(got) and head.data == b""
    for answer in ada.deletes(link), ada.asks("OPTIONS", "/userSignUp"):
        assert (answer.status_code, answer.data) == (204, b"")
        assert "Content-Length" not in answer.headers  # RFC 9110, section 8.6.


def test_19_a_500_reveals_nothing_and_the_log_has_the_exception(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = "canary-7f3a: SELECT secret FROM accounts at /srv/api/store.py"
    someone = faulty(app, monkeypatch, RuntimeError(inside))
    with recorded_lines() as logged:
        failures = someone.signs_up("ada", PASSWORD), someone.reads(f"/userDetails/{uuid4()}")
        lines = logged()
    for failed in failures:
        assert_problem(failed, 500)
        assert not INSIDE.search(f"{failed.text}{failed.headers}")
        assert not re.search(r"\d+[.]\d+[.]\d+", f"{failed.text}{failed.headers}")
    told = [line["requestId"] for line in lines if f"RuntimeError: {inside}" in str(line)]
    assert told == [failed.headers["X-Request-ID"] for failed in failures]
    assert PASSWORD not in str(lines)


def test_20_a_5xx_fails_the_fuzzing(
    make_app_at: Callable[..., Flask], sqlite_url: str, contract: Contract
) -> None:
    app = make_app_at(sqlite_url, ratelimit_enabled=False)

    @app.before_request
    def fail() -> None:
        if request.path == "/userSignUp":
            app.testing = False
            abort(500)

    phases = {name: {"enabled": name == "fuzzing"} for name in PHASES}
    config = SchemathesisConfig.from_dict(fuzzing.config(1, 2, phases=phases))
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
    with contract.provoke():
        found = fuzzing.run(schema.include(path="/userSignUp"))
    assert any("Server error" in failure for failure in found.failures)
