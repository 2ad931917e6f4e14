"""axe finds no serious flaw in the docs page, but for those that Swagger UI itself causes."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.browser import Service, new_page, serving
from tests.docs_page import Docs
from tests.operations import OPERATIONS

pytestmark = pytest.mark.long

SWAGGER_UI = {
    # The button of an operation's head also contains a button that copies the path.
    ("nested-interactive", "opblock-summary-control"),
    # The visible word "Servers" isn't the label of its list.
    ("select-name", 'id="servers"'),
    # Nor is the word "Examples" that of the list of a response's examples.
    ("select-name", 'class="examples-select-element"'),
    # The button that closes the dialog has only an icon.
    ("button-name", "close-modal"),
}
"""The rule and a part of the element of each flaw that no style sheet of ours can mend."""


@pytest.fixture
def service(make_app_at: Callable[..., Flask], sqlite_url: str) -> Iterator[Service]:
    with serving(make_app_at(sqlite_url)) as service:
        yield service


def flaws(page: Page) -> set[tuple[str, str]]:
    """Return the rule and the element of each critical or serious flaw."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return {
        (violation["id"], node["html"])
        for violation in violations
        if violation["impact"] in ("critical", "serious")
        for node in violation["nodes"]
    }


def known(flaw: tuple[str, str]) -> tuple[str, str] | None:
    """Return the item of `SWAGGER_UI` that the flaw is."""
    rule, element = flaw
    return next((item for item in SWAGGER_UI if item[0] == rule and item[1] in element), None)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_only_flaws_of_swagger_ui(
    browser: Browser, service: Service, scheme: Any, width: int
) -> None:
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 844}}
    with new_page(browser, **options) as page:
        docs = Docs(page, service.url)
        for operation in OPERATIONS:
            docs.executes(docs.opens(operation.id))
        page.locator(".auth-wrapper .authorize").first.click()
        page.locator(".modal-ux").wait_for()
        found = flaws(page)
        assert {flaw for flaw in found if not known(flaw)} == set()
        assert {known(flaw) for flaw in found} == SWAGGER_UI


def test_axe_finds_a_flaw_of_ours(browser: Browser, service: Service) -> None:
    with new_page(browser) as page:
        Docs(page, service.url)
        page.evaluate("() => document.documentElement.removeAttribute('lang')")
        assert "html-has-lang" in {rule for rule, _ in flaws(page)}
