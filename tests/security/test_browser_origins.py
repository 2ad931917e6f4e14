"""Pages of other origins in a real browser: they may sign up, and read nothing else."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser

from api.problem_types import CROSS_SITE
from tests.actor import FORM, PASSWORD, Someone, assert_problem
from tests.browser import Service, listening, new_page, serving
from tests.contract.elsewhere import Elsewhere, blank
from tests.operations import NO_METHOD

pytestmark = pytest.mark.long

SIGN_UP, DETAILS = "/userSignUp", "/userDetails"
OTHER_SITE = "http://localhost:{}/"
SAME_SITE = "http://127.0.0.1:{}/"  # The port is part of the origin, but not of the site.
PLACES = {"other site": OTHER_SITE, "same site": SAME_SITE, "null": f"{SAME_SITE}sandbox"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening(blank) as port:
        yield port


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, port: int) -> str:
    return PLACES[request.param].format(port)


@pytest.fixture
def serve(make_app_at: Callable[..., Flask], sqlite_url: str) -> Iterator[Callable[..., Service]]:
    """Serve the service with these settings."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serving(make_app_at(sqlite_url, **settings)))


@pytest.fixture
def elsewhere(browser: Browser, serve: Callable[..., Service], place: str) -> Iterator[Elsewhere]:
    with new_page(browser) as page:
        yield Elsewhere(page, place, serve())


@pytest.mark.parametrize("kind", ["URLSearchParams", "FormData"])
def test_a_form_needs_no_preflight_and_each_answer_to_it_can_be_read(
    elsewhere: Elsewhere, kind: str
) -> None:
    """Checklist 21 and 24."""
    form: dict[str, Any] = {"username": "sam", "password": PASSWORD}
    done = elsewhere.posts(form=form, kind=kind)
    assert (done.status_code, done.get_json()) == (200, {"message": "Success"})
    assert_problem(elsewhere.posts(form={"username": "Sam"}, kind=kind), 409)
    refused = {"username": ["Use only the letters A-Z and a-z, digits and . _ @ + -"]}
    assert_problem(elsewhere.posts(form={"username": "a b"}, kind=kind), 400, **refused)
    assert_problem(elsewhere.posts(form=form, kind=kind, headers={"Accept": "image/png"}), 406)
    assert_problem(elsewhere.posts(form=form | {"more": "x" * 16384}, kind=kind), 413)
    assert_problem(elsewhere.posts(body="username=bob"), 415)  # A browser sends it as text/plain.
    assert elsewhere.service.requests_to("OPTIONS", SIGN_UP) == []
    assert len(elsewhere.service.requests_to("POST", SIGN_UP)) == 6
    elsewhere.assert_open()


def test_json_needs_a_preflight_and_then_gets_a_readable_415(
    elsewhere: Elsewhere,
) -> None:
    """Checklist 23 and 24."""
    json: dict[str, Any] = {
        "headers": {"Content-Type": "application/json"},
        "body": '{"username": "sam"}',
    }
    assert_problem(elsewhere.posts(**json), 415)
    assert [e.method for e in elsewhere.service.exchanges] == ["OPTIONS", "POST"]
    elsewhere.assert_open()


def test_only_what_exists_passes_a_preflight(elsewhere: Elsewhere) -> None:
    """Checklist 21 and 23: the browser blocks other methods. GET needs no preflight: 405."""
    assert elsewhere.asks(SIGN_UP, method=NO_METHOD) is None
    refused = elsewhere.asks(SIGN_UP)
    assert refused is not None
    assert_problem(refused, 405)
    assert [e.method for e in elsewhere.service.exchanges] == ["OPTIONS", "GET"]
    elsewhere.assert_open()


def test_a_key_to_ask_again_with_passes_a_preflight_and_a_made_up_header_does_not(
    elsewhere: Elsewhere,
) -> None:
    """Checklist 23."""
    keyed: dict[str, Any] = {"headers": {"Idempotency-Key": '"a-page-asks-twice"'}}
    for _ in range(2):
        assert elsewhere.posts(form={"username": "sam"}, **keyed).status_code == 200
    assert_problem(elsewhere.posts(form={"username": "bob"}, **keyed), 409)
    preflight, *keyed_posts = elsewhere.service.exchanges
    assert preflight.request_headers["Access-Control-Request-Headers"] == "idempotency-key"
    # The browser may cache the preflight's response.
    assert [e.method for e in keyed_posts if e.method != "OPTIONS"] == ["POST"] * 3
    made_up: dict[str, Any] = {"form": {"username": "bob"}, "headers": {"X-Made-Up": "1"}}
    assert elsewhere.asks(SIGN_UP, method="POST", **made_up) is None
    assert len(elsewhere.service.requests_to("POST", SIGN_UP)) == 3
    elsewhere.assert_open()


@pytest.mark.parametrize("enctype", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_plain_html_form_signs_up(elsewhere: Elsewhere, enctype: str) -> None:
    """Checklist 24."""
    assert elsewhere.submits({"username": "sam"}, SIGN_UP, enctype) == "Success"
    assert elsewhere.page.locator("h1").count() == 1
    assert elsewhere.service.requests_to("POST", SIGN_UP)[0].status == 200
    assert elsewhere.service.requests_to("OPTIONS", SIGN_UP) == []


def test_nothing_else_can_be_read_or_deleted_though_a_form_arrives(elsewhere: Elsewhere) -> None:
    """Checklist 24 and 25."""
    someone = Someone(elsewhere.service.app.test_client())
    link = someone.gives_details().headers["Location"]
    assert elsewhere.asks(DETAILS, method="POST", form=FORM) is None
    assert [e.status for e in elsewhere.service.requests_to("POST", DETAILS)] == [201]
    for path in link, DETAILS, "/openapi.json", "/docs", "/livez", "/nowhere":
        assert elsewhere.asks(path) is None
    assert elsewhere.asks(DETAILS, headers={"Authorization": "Basic YWRhOg=="}) is None
    assert elsewhere.asks(link, method="DELETE") is None
    assert not any("Authorization" in e.request_headers for e in elsewhere.service.exchanges)
    assert elsewhere.service.requests_to("DELETE", link) == []
    elsewhere.page.set_content(f'<iframe src="{elsewhere.service.url}{link}"></iframe>')
    elsewhere.page.frames[1].wait_for_url("chrome-error://**")
    assert someone.reads(link).status_code == 200


def test_a_browser_with_stored_credentials_makes_no_record_for_other_pages(
    browser: Browser, serve: Callable[..., Service], place: str, port: int
) -> None:
    """Checklist 24: the browser sends this form without a preflight, and the service refuses it."""
    service = serve()
    someone = Someone(service.app.test_client())
    someone.signs_up("ada", PASSWORD)
    form = FORM | {"username": "ada"}
    with new_page(browser, http_credentials={"username": "ada", "password": PASSWORD}) as page:
        page.goto(service.url + DETAILS)
        assert "Authorization" in service.exchanges[-1].request_headers
        elsewhere = Elsewhere(page, place, service)
        elsewhere.asks(DETAILS, method="POST", form=form, mode="no-cors", credentials="include")
        # No response allows reading it with credentials.
        assert elsewhere.asks(SIGN_UP, method="POST", form=form, credentials="include") is None
        assert CROSS_SITE.uri in elsewhere.submits(form, DETAILS)
    fetched, submitted = service.requests_to("POST", DETAILS)
    assert ("Authorization" in submitted.request_headers, submitted.status) == (True, 403)
    # Chromium sends a password only from pages of the site that asked for it.
    known = place == SAME_SITE.format(port)
    assert ("Authorization" in fetched.request_headers, fetched.status) == (
        known,
        403 if known else 201,
    )
    assert_problem(someone.signs_in("ada").reads_own(), 404)
