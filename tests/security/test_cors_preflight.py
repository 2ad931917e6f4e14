"""Preflight requests, and requests that browsers send without one."""

from typing import Any

import pytest
from flask import Flask

from tests.actor import PASSWORD, Someone, assert_problem
from tests.contract.test_http_errors import faulty
from tests.operations import NO_METHOD
from tests.security.test_cors import PREFLIGHT, SIGN_UP, assert_open, cors_headers


def test_a_preflight_names_only_what_exists_and_wants_no_credentials(someone: Someone) -> None:
    """Checklist 23: regardless of what the page requests."""
    for wish in [
        {},
        {"Access-Control-Request-Method": NO_METHOD},
        {"Access-Control-Request-Headers": "authorization, x-made-up"},
        {"Access-Control-Request-Private-Network": "true"},
        {"Origin": "null"},
        {"Authorization": "Basic broken"},
    ]:
        answer = someone.asks("OPTIONS", SIGN_UP, headers=PREFLIGHT | wish)
        assert (answer.status_code, answer.data) == (204, b"")
        assert cors_headers(answer) == {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
        }


def test_a_preflight_does_no_work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checklist 23: it succeeds even with a form in its body and all storage broken."""
    someone = faulty(app, monkeypatch, RuntimeError())
    form = {"username": "sam", "password": PASSWORD}
    answer = someone.asks("OPTIONS", SIGN_UP, headers=PREFLIGHT, data=form)
    assert answer.status_code == 204
    monkeypatch.undo()
    assert someone.signs_up("sam").status_code == 200


@pytest.mark.parametrize("content_type", [None, "multipart/form-data"])
def test_a_forms_post_needs_no_preflight(someone: Someone, content_type: str | None) -> None:
    """Checklist 24: the form is accepted with the headers that a browser sends."""
    headers = {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}
    request: dict[str, Any] = {"headers": headers}
    if content_type:
        request["content_type"] = content_type
    assert_open(someone.signs_up("sam", PASSWORD, **request))
    assert_problem(someone.signs_in("sam").reads_own(), 404)
