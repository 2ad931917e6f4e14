"""The docs page in a real browser: no console messages, and working examples."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_plus

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from api.contract import document
from api.fields import PASSWORD as PASSWORD_RULE
from api.fields import USERNAME
from api.header_fields import IDEMPOTENCY_KEY
from tests.actor import PASSWORD, Someone
from tests.browser import Service, new_page, serving
from tests.docs_page import ANSWER, COLORS, NOISES, SIZES, WIDTHS, Docs
from tests.operations import OPERATIONS, URLENCODED

pytestmark = pytest.mark.long

STATUSES = {
    each.id: 401 if each.needs_credentials else 404 if each.by_link else each.status
    for each in OPERATIONS
}
"""The expected status of each operation's unchanged example. No record has the example's id."""
WIDTH = 360
PHONE = {
    "viewport": {"width": WIDTH, "height": 740},
    "device_scale_factor": 1,
    "is_mobile": True,
    "has_touch": True,
}


@pytest.fixture
def service(make_app_at: Callable[..., Flask], sqlite_url: str) -> Iterator[Service]:
    with serving(make_app_at(sqlite_url)) as service:
        yield service


@pytest.fixture
def docs(browser: Browser, service: Service) -> Iterator[Docs]:
    with new_page(browser) as page:
        yield Docs(page, service.url)


@pytest.fixture
def examples(service: Service) -> dict[str, Any]:
    """The example of each operation's form and path in the document."""
    examples = {}
    for item in document(service.app)["paths"].values():
        for operation_object in item.values():
            content = operation_object.get("requestBody", {"content": {}})["content"]
            parts = [p for p in operation_object.get("parameters", []) if p["in"] == "path"]
            in_path = {part["name"]: part["example"] for part in parts}
            form = content.get(URLENCODED, {"example": {}})["example"]
            examples[operation_object["operationId"]] = in_path | form
    return examples


def test_the_root_leads_to_docs_without_errors_that_list_each_operation(
    browser: Browser, service: Service
) -> None:
    """Checklist 35: no console message, no failed request, no request to another host."""
    with new_page(browser) as page:
        docs = Docs(page, service.url, "/")
        page.wait_for_load_state("networkidle")
        assert page.url == f"{service.url}/docs"
        listed = page.locator(".opblock-summary").all_inner_texts()
        assert len(listed) == len(STATUSES)
        # Remove the zero-width spaces that let paths wrap after each slash.
        assert sorted(text.replace("\u200b", "").split("\n") for text in listed) == sorted(
            [method.upper(), path, operation["summary"]]
            for path, item in document(service.app)["paths"].items()
            for method, operation in item.items()
        )
        assert docs.noise == []
        # Check that noise would be recorded, because otherwise an empty list proves nothing.
        for script, expected in NOISES:
            page.evaluate(f"() => {{ {script} }}")
            for _ in range(1000):  # At most 30 seconds. The machine may be busy.
                if any(expected in noise for noise in docs.noise):
                    break
                page.wait_for_timeout(30)
            assert any(expected in noise for noise in docs.noise), (script, docs.noise)
            docs.noise.clear()


def test_each_operations_unchanged_example_has_the_expected_status(
    docs: Docs, service: Service, examples: dict[str, Any]
) -> None:
    """Checklist 35."""
    assert examples.keys() == STATUSES.keys()
    for operation, status in STATUSES.items():
        answer = docs.tries(operation)
        assert answer.status == status, operation
        sent = unquote_plus(f"{answer.url} {answer.request.post_data}")
        assert [text for text in examples[operation].values() if text not in sent] == [], sent
    refused = [str(status) for status in STATUSES.values() if status >= 400]
    assert [noise[:3] for noise in docs.noise if "Failed to load" not in noise] == refused
    # The details of an operation are rendered step by step.
    expect(docs.opens("signUp")).to_contain_text("string($password)", timeout=30_000)


def test_the_links_of_a_record_made_as_the_form_stands_are_followed_as_shown(docs: Docs) -> None:
    """Checklist 35."""
    block = docs.opens("createUserDetails")
    created = docs.executes(block)
    chosen = block.locator(".response-control-media-type--accept-controller select")
    assert created.headers["content-type"] == chosen.input_value()
    read = docs.follows(block, "read")
    assert (read.status, read.json()["id"]) == (200, created.json()["id"])
    assert docs.follows(block, "delete").status == 204
    assert docs.noise == []


def test_requests_go_to_the_pages_own_url_behind_a_proxy_that_is_not_trusted(
    browser: Browser, service: Service
) -> None:
    app = service.app.wsgi_app

    def behind_proxy(environ: dict[str, Any], start_response: Any) -> Any:
        return app(environ | {"HTTP_HOST": "upstream.invalid"}, start_response)

    service.app.wsgi_app = behind_proxy  # type: ignore[method-assign]
    with new_page(browser) as page:
        docs = Docs(page, service.url)
        assert "upstream.invalid" in page.request.get(f"{service.url}/openapi.json").text()
        assert docs.tries("createUserDetails").status == 201
        assert docs.noise == []


def test_each_form_works_as_it_stands_as_multipart_too(docs: Docs) -> None:
    for operation in (each.id for each in OPERATIONS if each.form):
        block = docs.opens(operation)
        block.get_by_label("Request content type").select_option("multipart/form-data")
        answer = docs.executes(block)
        assert answer.status == STATUSES[operation]
        assert answer.request.headers["content-type"].startswith("multipart/form-data; boundary=")


def test_an_authorized_user_reads_their_newest_details(docs: Docs, service: Service) -> None:
    Someone(service.app.test_client()).signs_up("ada", PASSWORD)
    docs.authorizes("ada", PASSWORD)
    docs.tries("createUserDetails", username="ada", lastname="lovelace")
    read = docs.tries("getMyUserDetails")
    assert (read.status, read.json()["lastname"]) == (200, "lovelace")
    assert docs.noise == []


def test_the_page_follows_the_color_scheme_of_the_reader(
    browser: Browser, service: Service
) -> None:
    with new_page(browser, color_scheme="dark") as page:
        Docs(page, service.url)
        assert page.evaluate(COLORS) == ["rgb(28, 32, 34)", "rgb(228, 230, 230)"]
        page.emulate_media(color_scheme="light")
        expect(page.locator("html")).not_to_contain_class("dark-mode")
        assert page.evaluate(COLORS) == ["rgba(0, 0, 0, 0)", "rgb(59, 65, 81)"]


def test_without_javascript_the_page_leads_to_the_document(
    browser: Browser, service: Service
) -> None:
    with new_page(browser, java_script_enabled=False) as page:
        page.goto(f"{service.url}/docs")
        for link, name in ("YAML", "openapi.yaml"), ("JSON", "openapi.json"):
            href = page.get_by_role("link", name=link).get_attribute("href")
            assert page.request.get(f"{service.url}/{href}").status == 200 and href == name


def test_the_reader_sees_an_example_of_a_key_and_the_password_of_the_example(docs: Docs) -> None:
    block = docs.opens("signUp")
    key = block.locator("[data-param-name='Idempotency-Key']")
    assert f"For example: {IDEMPOTENCY_KEY.example}" in key.inner_text()
    # An example that is filled in would be sent with each request, each of which needs its own.
    assert key.get_by_role("textbox").input_value() == ""
    docs.executes(block)
    docs.page.locator(".auth-wrapper .authorize").first.click()
    dialog = docs.page.locator(".modal-ux")
    expect(dialog).to_contain_text(
        f"username {USERNAME.example} and password {PASSWORD_RULE.example}"
    )


@pytest.mark.parametrize(("width", "height", "screens"), [(1280, 800, 1), (390, 844, 2)])
def test_the_first_operation_is_on_the_first_screens(
    browser: Browser, service: Service, width: int, height: int, screens: int
) -> None:
    with new_page(browser, viewport={"width": width, "height": height}) as page:
        first = Docs(page, service.url).page.locator(".opblock").first
        box = first.bounding_box()
        assert "/userSignUp" in first.inner_text().replace("\u200b", "")
        assert box and box["y"] + box["height"] <= screens * height
        # The rules of every request stand after all operations.
        page.get_by_text("Requests that reach no operation").wait_for()
        last = page.locator(".opblock").last.bounding_box()
        end = page.locator(".opblock-tag", has=page.locator("table")).bounding_box()
        assert last and end and last["y"] < end["y"]


def test_on_a_phone_the_page_is_as_wide_as_the_screen_and_can_be_read_and_used(
    browser: Browser, service: Service
) -> None:
    with new_page(browser, **PHONE) as page:
        docs = Docs(page, service.url)
        for operation in STATUSES:
            block = docs.opens(operation)
            execute = block.get_by_role("button", name="Execute")
            if operation == "createUserDetails":
                execute.tap()
                block.locator(ANSWER).first.wait_for()
            block.get_by_role("tab", name="Schema").last.tap()
            for control in execute, block.get_by_role("button", name="Cancel"):
                box = control.bounding_box()
                assert box and 0 <= box["x"] < box["x"] + box["width"] <= WIDTH, operation
            assert page.evaluate("document.documentElement.scrollWidth") == WIDTH, operation
        assert min(page.evaluate(SIZES)) >= 11
        assert min(page.evaluate(WIDTHS)) >= WIDTH / 2
