"""Checklist, other origins (Fetch's CORS)."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.actor import Someone, assert_problem
from tests.contract.test_http_errors import errors, faulty
from tests.contract.test_http_headers import successes
from tests.security.test_cors import OPEN, PREFLIGHT, assert_open, cors_headers, sign_up_responses
from tests.storage.test_unavailable import locked

SHOP = {"Origin": "https://shop.example"}


@pytest.mark.parametrize("headers", [{}, SHOP], ids=["no origin", "an origin"])
def test_21_any_origin_may_read_every_response_to_a_sign_up(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    app = make_app(database_timeout=1, ratelimit_default="40 per hour")
    someone = Someone(app.test_client())
    answers = [answer for _, answer in sign_up_responses(someone, headers)]
    # An exclusive lock is impossible once another connection reads.
    app.extensions["store"].close()
    with locked(app.extensions["store"].database.engine):
        answers.append(someone.signs_up("late", headers=headers))
    while answers[-1].status_code != 429:
        answers.append(someone.signs_up("sam0", headers=headers))
    answers.append(faulty(make_app(), monkeypatch, RuntimeError()).signs_up(headers=headers))
    for answer in answers:
        assert_open(answer)
    seen = {answer.status_code for answer in answers}
    assert seen == {200, 400, 405, 406, 409, 413, 415, 429, 500, 503}


def test_22_any_origin_is_allowed_without_credentials_and_nothing_varies_by_it(
    someone: Someone, ada: Someone
) -> None:
    refused = [answer for _, answer in errors(someone, ada)]
    preflight = someone.asks("OPTIONS", "/userSignUp", headers=PREFLIGHT)
    for answer in [*successes(someone, ada), *refused, preflight]:
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" not in answer.headers.get("Vary", "")
    for number, origin in enumerate(["https://shop.example", "null", "http://localhost"]):
        allowed = someone.signs_up(f"bob{number}", headers={"Origin": origin})
        assert allowed.headers.getlist("Access-Control-Allow-Origin") == ["*"]
        assert "Access-Control-Allow-Credentials" not in allowed.headers


def test_23_a_preflight_is_2xx_names_what_exists_and_does_no_work(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    someone = faulty(app, monkeypatch, RuntimeError())
    with monkeypatch.context() as patch:
        for part in "store", "passwords":  # Any use of these raises, which would be 500.
            patch.setitem(app.extensions, part, None)
        answer = someone.asks("OPTIONS", "/userSignUp", headers=PREFLIGHT, data={"username": "sam"})
    assert answer.status_code == 204
    assert cors_headers(answer) == OPEN | {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
    }


def test_24_a_form_is_served_without_a_preflight_and_guarded_without_one(ada: Someone) -> None:
    """In a browser: tests/security/test_browser_origins.py."""
    for number, kind in enumerate(["multipart/form-data", "application/x-www-form-urlencoded"]):
        # Only headers that a browser sends without a preflight.
        asked: dict[str, Any] = {"headers": SHOP, "content_type": kind}
        assert ada.signs_up(f"bob{number}", **asked).status_code == 200
    crossing = {"headers": SHOP | {"Sec-Fetch-Site": "cross-site"}}
    assert_problem(ada.gives_details(crossing, username="ada"), 403)
    assert_problem(ada.gives_details({"headers": SHOP}, username="ada"), 403)
    assert_problem(ada.reads_own(), 404)


def test_25_retry_after_is_exposed_where_it_may_occur_and_nothing_else(
    make_app: Callable[..., Flask], someone: Someone, ada: Someone
) -> None:
    """In a browser that waits: tests/security/test_browser_refused.py."""
    limited = Someone(make_app(ratelimit_default="1 per hour").test_client())
    limited.signs_up(headers=SHOP)
    refused = limited.signs_up(headers=SHOP)
    assert refused.headers["Access-Control-Expose-Headers"] == "Retry-After" in refused.headers
    answers = [someone.signs_up(headers=SHOP), someone.gives_details({"headers": SHOP})]
    for answer in [*answers, *(refused for _, refused in errors(someone, ada))]:
        assert "Access-Control-Expose-Headers" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answers[1].headers
