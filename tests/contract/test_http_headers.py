"""Headers of every response, including the docs and errors."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.actor import Someone, assert_problem
from tests.contract.test_http import ALLOWED
from tests.contract.test_http_errors import errors, faulty
from tests.operations import NO_METHOD, OPERATIONS

COMMON_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def assert_guarded(response: TestResponse) -> None:
    """OWASP ASVS 5, V3.4: assert each header once, with its value."""
    asked = f"{response.request.method} {response.request.path} {response.status}"
    policy = response.headers["Content-Security-Policy"]
    for name, value in COMMON_HEADERS.items():
        assert len(response.headers.getlist(name)) == 1, asked
        if response.request.path != "/docs":  # Swagger UI may load its own files,
            files = response.request.path.startswith("/docs/") and response.status_code == 200
            kept = files and name == "Cache-Control"  # which a browser may cache.
            assert response.headers[name] == ("public, max-age=3600" if kept else value), asked
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    if response.mimetype and response.mimetype.startswith("text/"):
        assert response.mimetype_params.get("charset", "").lower() == "utf-8", asked
    assert not {"Server", "X-Powered-By", "Set-Cookie"} & set(response.headers.keys())


def successes(someone: Someone, ada: Someone) -> Iterator[TestResponse]:
    """Yield the success of each operation, in each of its representations."""
    for operation in OPERATIONS:
        for accept in operation.produces or ["*/*"]:
            link = ada.gives_details(username="ada").headers["Location"]
            yield operation.ask(someone, link, headers={"Accept": accept})


def test_every_answer_has_the_security_headers(someone: Someone, ada: Someone) -> None:
    """Checklist 34."""
    for _, refused in errors(someone, ada):
        assert_guarded(refused)
    for succeeded in successes(someone, ada):
        assert succeeded.status_code < 300
        assert_guarded(succeeded)
    for path in ALLOWED:
        for method in "GET", "HEAD", "OPTIONS", NO_METHOD:
            assert_guarded(someone.asks(method, path))


def test_a_defect_has_the_security_headers_too(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checklist 34."""
    failed = faulty(app, monkeypatch, RuntimeError("canary")).gives_details()
    assert_problem(failed, 500)
    assert_guarded(failed)


def test_a_429_has_the_security_headers_too(
    make_app: Callable[..., Flask],
) -> None:
    """Checklist 34."""
    someone = Someone(make_app(ratelimit_default="1 per hour").test_client())
    someone.signs_up()
    refused = someone.signs_up()
    assert_problem(refused, 429)
    assert_guarded(refused)
