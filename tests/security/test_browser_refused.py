"""Refused sign-ups from another site: a real browser can read the reason and `Retry-After`."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.actor import assert_problem
from tests.browser import Service, listening, new_page, serving
from tests.contract.elsewhere import Elsewhere, blank
from tests.contract.test_http_errors import faulty

pytestmark = pytest.mark.long

SIGN_UP = "/userSignUp"


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with listening(blank) as port:
        yield f"http://localhost:{port}/"


@pytest.fixture
def serve(make_app_at: Callable[..., Flask], sqlite_url: str) -> Iterator[Callable[..., Service]]:
    """Serve the service with these settings."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serving(make_app_at(sqlite_url, **settings)))


def test_a_browser_shows_why_an_html_form_is_refused(
    browser: Browser, serve: Callable[..., Service], site: str
) -> None:
    with new_page(browser) as page:
        service = serve(ratelimit_default="5 per hour")
        elsewhere = Elsewhere(page, site, service)
        elsewhere.submits({"username": "sam"}, SIGN_UP)
        for form, enctype, said in [
            ({"username": "sam"}, "", '"status": 409'),
            ({"username": "a b"}, "", "Use only the letters A-Z and a-z"),
            ({"username": "bob", "more": "x" * 16384}, "", '"status": 413'),
            ({"username": "bob"}, "text/plain", '"status": 415'),
            ({"username": "bob"}, "", '"status": 429'),
        ]:
            assert said in elsewhere.submits(form, SIGN_UP, enctype)
        assert [e.status for e in service.exchanges] == [200, 409, 400, 413, 415, 429]


def test_a_browser_can_read_a_429_and_its_retry_after(
    browser: Browser,
    serve: Callable[..., Service],
    site: str,
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Checklist 14, 21 and 25."""
    form = {"username": "sam"}
    with new_page(browser) as page:
        limited = Elsewhere(page, site, serve(ratelimit_default="1 per second"))
        while (refused := limited.posts(form=form)).status_code != 429:
            pass
        assert_problem(refused, 429)
        page.wait_for_timeout(1000 * float(refused.headers["Retry-After"]))
        assert_problem(limited.posts(form=form), 409)
        hasty = Elsewhere(page, site, serve(database_timeout=1))
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = hasty.posts(form=form)
        assert_problem(refused, 503)
        assert int(refused.headers["Retry-After"]) > 0
        broken = Elsewhere(page, site, serve())
        faulty(broken.service.app, monkeypatch, RuntimeError())
        assert_problem(broken.posts(form=form), 500)
        for elsewhere in limited, hasty, broken:
            elsewhere.assert_open()
