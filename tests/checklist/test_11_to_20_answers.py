"""The checklist on HTTP and the contract: what comes of a form, and of what goes wrong."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask, abort, request
from schemathesis.config import SchemathesisConfig
from sqlalchemy import select

from api.models import accounts, user_details
from tests import fuzzing
from tests.actor import PASSWORD, SAME_ID, Someone, assert_problem
from tests.records import recorded_lines
from tests.test_http_errors import INSIDE, errors, faulty
from tests.test_unavailable import locked

URLENCODED = "application/x-www-form-urlencoded"


def test_11_a_field_given_twice_is_refused(app: Flask, someone: Someone) -> None:
    for body in b"username=sam&lastname=a&lastname=b", b"username=sam&lastname=a&last%6eame=a":
        refused = someone.posts(body, URLENCODED)
        assert_problem(refused, 400, lastname=["Give this field once."])
    with app.extensions["store"].engine.connect() as connection:
        assert connection.execute(select(user_details.c.id)).all() == []


def test_12_the_query_is_no_form_and_unknown_fields_are_ignored(someone: Someone) -> None:
    refused = someone.posts(b"username=sam", URLENCODED, "/userDetails?lastname=king")
    assert_problem(refused, 400, lastname=["Give this field."])
    assert someone.posts(b"username=sam&lastname=king&x=1&x=2", URLENCODED).status_code == 201
    document = someone.reads("/openapi.json").get_json()
    assert "ignored" in document["info"]["description"]


def test_13_of_50_who_race_for_a_username_one_wins(app: Flask) -> None:
    together = Barrier(50)

    def sign_up(_: int) -> tuple[int, str]:
        someone = Someone(app.test_client())
        together.wait()
        answer = someone.signs_up("ada")
        return answer.status_code, answer.text

    with ThreadPoolExecutor(50) as pool:
        said = list(pool.map(sign_up, range(50)))
    assert sorted(status for status, _ in said) == [200] + [409] * 49
    assert all("The username is taken" in text for status, text in said if status == 409)
    assert Someone(app.test_client()).signs_up("ADA").status_code == 409
    with app.extensions["store"].engine.connect() as connection:
        assert len(connection.execute(select(accounts.c.id)).all()) == 1


def test_14_who_waits_as_long_as_told_is_served(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    someone = Someone(make_app_at(sqlite_url, ratelimit_default="1 per second").test_client())
    while (refused := someone.gives_details()).status_code == 201:
        pass
    assert_problem(refused, 429)
    time.sleep(int(refused.headers["Retry-After"]))
    assert someone.gives_details().status_code == 201


def test_15_a_database_that_can_not_is_503_not_ready_but_alive_and_comes_back(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(database_timeout=1)
    someone, ada = Someone(app.test_client()), Someone(app.test_client())
    app.extensions["store"].close()  # Nobody locks out who reads already.
    with locked(app.extensions["store"].engine), ThreadPoolExecutor() as pool:
        asked = pool.submit(ada.gives_details), pool.submit(ada.reads, "/readyz")
        assert someone.reads("/livez").status_code == 200
        refused, ready = (answer.result(timeout=5) for answer in asked)
    assert_problem(refused, 503)
    assert int(refused.headers["Retry-After"]) > 0 and ready.status_code == 503
    assert someone.gives_details().status_code == 201
    assert someone.reads("/readyz").status_code == 200


def test_16_an_error_is_a_problem_whose_status_is_its_own(someone: Someone, ada: Someone) -> None:
    for status, refused in errors(someone, ada):
        assert (refused.status_code, refused.mimetype) == (status, "application/problem+json")
        problem = refused.get_json(force=True)
        assert (problem["status"], problem["type"]) == (status, "about:blank")


def test_17_what_is_created_can_be_read_where_location_says(someone: Someone) -> None:
    created = someone.gives_details(lastname="K\u00f6nig")
    assert created.status_code == 201
    assert someone.reads(created.headers["Location"]).get_json()["lastname"] == "K\u00f6nig"


def test_18_head_is_get_without_content_and_204_has_none(someone: Someone) -> None:
    link = someone.gives_details().headers["Location"]
    got, head = (someone.asks(method, link, headers=SAME_ID) for method in ("GET", "HEAD"))
    assert list(head.headers) == list(got.headers) and (head.data, head.status_code) == (b"", 200)
    for answer in someone.deletes(link), someone.asks("OPTIONS", "/userSignUp"):
        assert (answer.status_code, answer.data) == (204, b"")
        assert "Content-Length" not in answer.headers or answer.content_length == 0


def test_19_a_defect_says_nothing_of_the_inside_and_the_log_says_what_it_was(
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


def test_20_a_5xx_that_fuzzing_gets_fails_it(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    app = make_app_at(sqlite_url, ratelimit_enabled=False)

    @app.before_request
    def fail() -> None:
        if request.path == "/userSignUp":
            app.testing = False
            abort(500)

    config = SchemathesisConfig.from_dict(fuzzing.config(1, 2))
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
    found = fuzzing.run(schema.include(path="/userSignUp"))
    assert any("Server error" in failure for failure in found.failures)
