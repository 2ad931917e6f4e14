"""Every error is a problem (RFC 9457), and an internal error reveals nothing."""

import inspect
import logging
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, NoReturn

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import ProgrammingError
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from api.storage.store import Store
from tests.actor import FORM, PASSWORD, Someone, assert_problem
from tests.operations import NO_METHOD, NO_RECORD, OPERATIONS, URLENCODED

JSON = "application/json"
CANARY = "canary-7f3a"
INSIDE = re.compile(
    rf"{CANARY}|Traceback|\wError|Exception|SELECT|INSERT|line \d|\.py|site-packages"
    r"|(?i:sqlite|postgres|psycopg|sqlalchemy|werkzeug|flask|python|argon)"
)


def errors(someone: Someone, ada: Someone) -> Iterator[tuple[int, TestResponse]]:
    """Yield one of each client error, with its expected status."""
    link = someone.gives_details().headers["Location"]
    yield 400, someone.gives_details(lastname=None)
    yield 400, someone.posts(b"%", "application/x-www-form-urlencoded")
    yield 400, someone.posts(b"x", "multipart/form-data")
    yield 400, someone.posts(b"x", "multipart/form-data; boundary=x", "/userSignUp")
    yield 400, someone.signs_up("a b")
    yield 401, someone.reads_own()
    yield 401, someone.signs_in("ada", "a password that is wrong").gives_details()
    yield 403, ada.gives_details()
    yield 403, ada.gives_details({"headers": {"Origin": "null"}}, username="ada")
    yield 404, someone.reads("/nowhere")
    yield 404, someone.reads("/docs/nowhere")
    for operation in OPERATIONS:
        if operation.by_link:
            yield 404, operation.ask(someone, NO_RECORD)
        if operation.form:
            at = operation.address(link)
            yield 415, someone.asks(operation.method, at, data=b"{}", content_type=JSON)
            form: dict[str, Any] = {"content_type": URLENCODED, "data": b"x=y"}
            coded = {"Content-Encoding": "gzip"}
            yield 415, someone.asks(operation.method, at, **form, headers=coded)
            yield 413, someone.asks(operation.method, at, **form | {"data": b"x" * 20000})
    yield 404, ada.reads_own()
    yield 405, someone.asks(NO_METHOD, "/userDetails")
    yield 405, someone.asks(NO_METHOD, NO_RECORD)
    yield 405, someone.reads("/userSignUp")
    yield 406, someone.gives_details({"headers": {"Accept": "image/png"}})
    yield 406, someone.signs_up("bob", headers={"Accept": "image/png"})
    yield 409, someone.signs_up("ADA")
    yield 412, someone.gives_details({"headers": {"If-Match": '"v1"'}})
    key = {"Idempotency-Key": '"9a4e3f1c-52f1-4d3b-a7d8-0b9f6a526a0e"'}
    yield 409, [someone.signs_up(name, headers=key) for name in ("kim", "tim")][1]


def test_every_error_is_a_problem_that_says_what_to_do(someone: Someone, ada: Someone) -> None:
    """Checklist 16."""
    for status, refused in errors(someone, ada):
        problem: dict[str, Any] = refused.get_json(force=True)
        assert_problem(refused, status, **problem.get("errors", {}))
        assert set(problem) <= {"type", "title", "status", "detail", "errors"}
        assert problem["detail"].endswith(".")
        assert not INSIDE.search(refused.text), refused.text


def test_the_status_line_has_the_phrase_of_the_standard(someone: Someone, ada: Someone) -> None:
    for status, refused in errors(someone, ada):
        assert refused.status.casefold() == f"{status} {HTTP_STATUS_CODES[status]}".casefold()


def test_a_host_that_is_none_is_a_problem_of_the_clients(someone: Someone) -> None:
    """Checklist 20."""
    for host in "a..b", "x" * 64, "a." + "x" * 300, ".", ".a", "a..", "[1.2]", "[]", "a b", "a/b":
        for path in "/livez", "/nowhere":
            assert_problem(someone.reads(path, headers={"Host": host}), 400)
        assert_problem(someone.signs_up(headers={"Host": host}), 400)


@pytest.mark.parametrize(
    "host",
    ["x" * 63, f"a.{'x' * 63}.b", "a.", "a_b.c:80", "10.0.0.1:", "[::1]", "[::ffff:1.2.3.4]:5"],
)
def test_a_host_that_may_be_is_served(someone: Someone, host: str) -> None:
    assert someone.reads("/livez", headers={"Host": host}).status_code == 200
    assert someone.signs_up(headers={"Host": host}).status_code == 200


def test_an_odd_host_is_no_fault_of_ours(app: Flask, ada: Someone) -> None:
    """Checklist 20: valid credentials from a page of another site."""
    asked = EnvironBuilder(
        "/userDetails",
        method="POST",
        data=FORM,
        auth=ada.auth,
        headers=[("Origin", "http://x.org")],
    ).get_environ()
    # A request without a host gets 400 (RFC 9112, section 3.2).
    hosts = dict.fromkeys(["xn--a", "xn--bcher-kva.example"], "403 ")
    hosts |= dict.fromkeys(["", "a b", "[::1", "localhost:x", "\xff", "a/b", "::"], "400 ")
    for host, expected in hosts.items():
        # Werkzeug's client can't send some of these.
        environ = asked | {"HTTP_HOST": host, "wsgi.input": BytesIO(asked["wsgi.input"].getvalue())}
        _, status, headers = run_wsgi_app(app, environ)
        assert status.startswith(expected), (host, status)
        assert headers["Content-Type"] == "application/problem+json"


def faulty(app: Flask, monkeypatch: pytest.MonkeyPatch, error: Exception) -> Someone:
    """Return a client of the service in production mode, whose storage methods all raise."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    store = {name for name, _ in inspect.getmembers(Store, inspect.isfunction) if name[0] != "_"}
    for name in store - {"close"}:
        monkeypatch.setattr(app.extensions["store"], name, fail)
    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    # Not the recording client, because a 500 is a defect and so isn't declared.
    return Someone(FlaskClient(app))


FAULTS = [
    RuntimeError(f"{CANARY} at /srv/api/store.py, line 7"),
    ProgrammingError(f"SELECT {CANARY} FROM accounts", {}, Exception(CANARY)),
    KeyError(CANARY),
    AssertionError(CANARY),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_an_unexpected_exception_is_a_500_that_tells_nothing_and_a_log_that_tells_all(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
) -> None:
    """Checklist 19."""
    someone = faulty(app, monkeypatch, fault)
    bodies = set()
    failures = [operation.ask(someone, NO_RECORD) for operation in OPERATIONS]
    failures.append(someone.signs_in().gives_details())
    for failed in failures:
        assert_problem(failed, 500)
        bodies.add(failed.get_data())
        assert not INSIDE.search(f"{failed.text} {failed.headers}")
    assert len(bodies) == 1  # A fixed message.
    assert someone.asks("HEAD", NO_RECORD).data == b""
    logged = [r for r in caplog.records if r.exc_info and CANARY in str(r.exc_info[1])]
    assert len(logged) == len(failures) + 1
    assert {record.levelno for record in logged} == {logging.ERROR}
    assert FORM["lastname"] not in caplog.text and PASSWORD not in caplog.text


def test_after_an_unexpected_exception_the_service_goes_on(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = faulty(app, monkeypatch, RuntimeError(CANARY))
    assert_problem(someone.gives_details(), 500)
    monkeypatch.undo()
    assert someone.gives_details().status_code == 201
