"""Pages of any origin may sign up; no other response is readable from another origin."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.actor import FORM, Someone, assert_problem
from tests.contract.test_http import ALLOWED, METHODS
from tests.contract.test_http_errors import errors, faulty
from tests.operations import OPERATIONS

SIGN_UP = "/userSignUp"
ORIGINS: list[dict[str, str]] = [
    {},
    {"Origin": "https://shop.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost"},
    {"Origin": "not an origin"},
    {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site", "Cookie": "a=b"},
]
OPEN = {"Access-Control-Allow-Origin": "*"}
EXPOSED = {"Access-Control-Expose-Headers": "Retry-After"}
PREFLIGHT = {
    "Origin": "https://shop.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}
each_origin = pytest.mark.parametrize("origin", ORIGINS, ids=lambda o: o.get("Origin", "no origin"))


def cors_headers(response: TestResponse) -> dict[str, str]:
    """Return the CORS headers, each of which may occur only once."""
    said = [(k, v) for k, v in response.headers if k.startswith("Access-Control-")]
    assert len(said) == len(dict(said))
    return dict(said)


def assert_open(response: TestResponse) -> None:
    """Assert that any origin may read the response, literally `*` and without credentials.

    Nothing varies by origin. If the response has `Retry-After`, that header is exposed.
    """
    told_to_wait = response.status_code in (429, 503)
    assert cors_headers(response) == OPEN | (EXPOSED if told_to_wait else {})
    assert "Origin" not in response.headers.get("Vary", "")


def sign_up_responses(
    someone: Someone, origin: dict[str, str]
) -> Iterator[tuple[int, TestResponse]]:
    """Yield the expected status and the response of each kind of sign-up.

    None of these needs a rate limit or a fault in the service.
    """

    def post(body: bytes, content_type: str = "application/x-www-form-urlencoded") -> TestResponse:
        return someone.posts(body, content_type, SIGN_UP, headers=origin)

    for number, accept in enumerate(["text/plain", "text/html", "application/json"]):
        yield 200, someone.signs_up(f"sam{number}", headers=origin | {"Accept": accept})
    yield 409, someone.signs_up("sam0", headers=origin)
    yield 400, post(b"username=a+b")
    yield 400, post(b"username=%FF")
    yield 400, post(b"", "multipart/form-data")
    yield 413, post(b"x" * 16385)
    yield 415, post(b"{}", "application/json")
    yield 415, someone.signs_up("bob", headers=origin | {"Content-Encoding": "gzip"})
    yield 406, someone.signs_up("bob", headers=origin | {"Accept": "image/png"})
    for method in sorted(set(METHODS) - ALLOWED[SIGN_UP]):
        yield 405, someone.asks(method, SIGN_UP, headers=origin)


@each_origin
def test_every_answer_to_a_sign_up_is_readable_from_any_origin(
    someone: Someone, origin: dict[str, str]
) -> None:
    """Checklist 21 and 22."""
    for status, answer in sign_up_responses(someone, origin):
        assert answer.status_code == status
        assert_open(answer)


@each_origin
def test_a_429_of_a_sign_up_is_readable_from_any_origin(
    make_app: Callable[..., Flask], origin: dict[str, str]
) -> None:
    """Checklist 21."""
    someone = Someone(make_app(ratelimit_default="1 per hour").test_client())
    someone.signs_up(headers=origin)
    refused = someone.signs_up(headers=origin)
    assert_problem(refused, 429)
    assert_open(refused)


@each_origin
def test_a_defect_in_a_sign_up_is_readable_from_any_origin(
    app: Flask, monkeypatch: pytest.MonkeyPatch, origin: dict[str, str]
) -> None:
    """Checklist 21."""
    failed = faulty(app, monkeypatch, RuntimeError()).signs_up(headers=origin)
    assert_problem(failed, 500)
    assert_open(failed)


def test_nothing_else_is_readable_from_another_origin(someone: Someone, ada: Someone) -> None:
    """Checklist 21 and 25."""
    foreign: dict[str, Any] = {"headers": {"Origin": "https://shop.example"}}
    for path in ALLOWED.keys() - {SIGN_UP} | {"/nowhere", "/userSignUp/", "/userSignUp/x"}:
        for method in METHODS:
            assert cors_headers(someone.asks(method, path, **foreign)) == {}
        assert cors_headers(someone.asks("OPTIONS", path, headers=PREFLIGHT)) == {}
    given = someone.gives_details(foreign)
    others = [each for each in OPERATIONS if each.path != SIGN_UP]
    for answer in [
        *(each.ask(someone, given.headers["Location"], **foreign) for each in others),
        ada.gives_details(username="ada"),
        *(refused for _, refused in errors(someone, ada) if refused.request.path != SIGN_UP),
    ]:
        assert cors_headers(answer) == {}


def test_a_defect_elsewhere_is_not_readable_from_another_origin(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = faulty(app, monkeypatch, RuntimeError()).gives_details(
        {"headers": {"Origin": "https://shop.example"}}, **FORM
    )
    assert_problem(failed, 500)
    assert cors_headers(failed) == {}
