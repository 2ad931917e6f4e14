"""The docs page in a real browser: it is quiet, and what it shows works by hand."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from api.openapi import document
from tests.actor import PASSWORD, Someone
from tests.browser import Service, chromium, new_page, serving
from tests.docs_page import Docs

OPERATIONS = "createUserDetails getUserDetails deleteUserDetails getMyUserDetails signUp".split()
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
# The sizes of all the text that can be seen.
SIZES = """() => [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility())
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => parseFloat(getComputedStyle(e).fontSize))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def service(make_app_at: Callable[..., Flask], sqlite_url: str) -> Iterator[Service]:
    with serving(make_app_at(sqlite_url)) as service:
        yield service


@pytest.fixture
def docs(browser: Browser, service: Service) -> Iterator[Docs]:
    with new_page(browser) as page:
        yield Docs(page, service)


def test_the_front_door_leads_to_docs_that_open_quietly_and_list_each_operation(
    browser: Browser, service: Service
) -> None:
    """Checklist 35: nothing in the console, nothing that fails, no other host."""
    with new_page(browser) as page:
        docs = Docs(page, service, "/")
        page.wait_for_load_state("networkidle")
        assert page.url == f"{service.url}/docs"
        listed = page.locator(".opblock-summary").all_inner_texts()
        assert len(listed) == len(OPERATIONS)
        # Paths may break at each slash, by a space of no width.
        assert sorted(text.replace("\u200b", "").split("\n") for text in listed) == sorted(
            [method.upper(), path, operation["summary"]]
            for path, item in document(service.app)["paths"].items()
            for method, operation in item.items()
        )
        assert docs.noise == []


def test_a_record_is_made_as_the_form_stands_then_read_and_deleted(docs: Docs) -> None:
    """Checklist 35."""
    created = docs.tries("createUserDetails")
    assert created.status == 201
    key = created.headers["location"].removeprefix("/userDetails/")
    read = docs.tries("getUserDetails", id=key)
    assert (read.status, read.json()["lastname"]) == (200, "king")
    assert docs.tries("deleteUserDetails", id=key).status == 204
    assert docs.noise == []


def test_a_username_is_signed_up_as_the_form_stands(docs: Docs) -> None:
    """Checklist 35."""
    # What is folded out comes bit by bit.
    expect(docs.opens("signUp")).to_contain_text("string($password)", timeout=30_000)
    assert docs.executes(docs.page.locator("[id$='-signUp']")).status == 200
    assert docs.noise == []


def test_each_form_works_as_it_stands_as_multipart_too(docs: Docs) -> None:
    for operation, status in [("createUserDetails", 201), ("signUp", 200)]:
        block = docs.opens(operation)
        block.get_by_label("Request content type").select_option("multipart/form-data")
        answer = docs.executes(block)
        assert answer.status == status
        assert answer.request.headers["content-type"].startswith("multipart/form-data; boundary=")


def test_the_answer_is_of_the_media_type_that_is_shown_as_chosen(docs: Docs) -> None:
    block = docs.opens("createUserDetails")
    shown = block.locator(".response-control-media-type--accept-controller select").input_value()
    assert docs.executes(block).headers["content-type"] == shown


def test_who_authorizes_reads_the_newest_details_that_they_gave(docs: Docs) -> None:
    Someone(docs.service.app.test_client()).signs_up("ada", PASSWORD)
    docs.authorizes("ada", PASSWORD)
    docs.tries("createUserDetails", username="ada", lastname="lovelace")
    read = docs.tries("getMyUserDetails")
    assert (read.status, read.json()["lastname"]) == (200, "lovelace")
    assert docs.noise == []


def test_without_credentials_the_page_shows_the_problem_and_the_browser_asks_for_none(
    docs: Docs,
) -> None:
    """A browser asks for a password when a page's own fetch gets a 401, unless told not to."""
    refused = docs.tries("getMyUserDetails")
    assert (refused.status, refused.json()["title"]) == (401, "Unauthorized")


def test_on_a_phone_the_page_is_as_wide_as_the_screen_and_can_be_read(
    browser: Browser, service: Service
) -> None:
    with new_page(browser, **PHONE) as page:
        docs = Docs(page, service)
        for operation in OPERATIONS:
            block = docs.opens(operation)
            if operation == "createUserDetails":
                docs.executes(block)
            assert page.evaluate("document.documentElement.scrollWidth") == 390, operation
            assert min(page.evaluate(SIZES)) >= 11
