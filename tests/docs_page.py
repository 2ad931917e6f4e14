"""The docs page in a browser, with a method for each action."""

import json
import re

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response

ANSWER = ".live-responses-table tbody"
# JavaScript: the font sizes of all visible text.
SIZES = """() => [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility())
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => parseFloat(getComputedStyle(e).fontSize))"""
# JavaScript: the widths of elements that hold long text or input, and so need the full width.
WIDTHS = """() => [...document.querySelectorAll(
        ".opblock-tag small, .parameters-col_description, .parameters-col_description input,"
        + ".renderedMarkdown td, .opblock-description, .live-responses-table pre,"
        + ".response-col_description")]
    .filter((e) => e.checkVisibility() && e.type !== "checkbox")
    .map((e) => e.getBoundingClientRect().width)"""
# JavaScript: the colors of the page's background and text.
COLORS = """() => [
    getComputedStyle(document.documentElement).backgroundColor,
    getComputedStyle(document.querySelector(".swagger-ui")).color,
]"""
CSP = "violates the following Content Security Policy directive"
# Scripts that make noise, and the text that is recorded for each.
NOISES = [
    ("console.info('here')", "info: here"),
    ("setTimeout(() => { throw new Error('broken') })", "broken"),
    ("document.head.append(Object.assign(document.createElement('script'), {text: '1'}))", CSP),
    ("document.body.setAttribute('style', 'color: red')", CSP),
    ("fetch('http://localhost:1/').catch(() => {})", "http://localhost:1/"),
    ("fetch('/nowhere').then(() => 1)", "404: "),
    ("location = 'http://localhost:1/'", "elsewhere: http://localhost:1/"),
]


class Docs:
    """The docs page and its actions; `noise` collects console messages and failed requests."""

    def __init__(self, page: Page, url: str, path: str = "/docs") -> None:
        self.page, self.url, self.noise = page, url, list[str]()
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.noise.append(str(error)))
        page.on("request", self._on_request)
        page.on("requestfailed", lambda request: self.noise.append(f"failed: {request.url}"))
        page.on("response", self._on_response)
        page.goto(url + path)
        page.locator(".opblock").first.wait_for()

    def _on_console(self, said: ConsoleMessage) -> None:
        kind: str = said.type
        if kind != "verbose":  # Verbose messages are advice, which a console hides by default.
            self.noise.append(f"{kind}: {said.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.noise.append(f"elsewhere: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.noise.append(f"{response.status}: {response.url}")

    def opens(self, operation: str) -> Locator:
        block = self.page.locator(f"[id$='-{operation}']")
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Execute").wait_for()
        return block

    def executes(self, block: Locator) -> Response:
        """Execute the request. Return the response, and check that the page shows its status."""
        with self.page.expect_response(lambda response: "/user" in response.url) as answered:
            block.get_by_role("button", name="Execute").click()
        shown = block.locator(f"{ANSWER} .response-col_status").first
        assert shown.inner_text().split()[0] == str(answered.value.status)
        return answered.value

    def tries(self, operation: str, **fields: str) -> Response:
        """Try the operation, and return the response. Other fields keep their examples."""
        block = self.opens(operation)
        for name, text in fields.items():
            block.get_by_placeholder(name, exact=True).fill(text)
        answer = self.executes(block)
        block.locator(".opblock-summary-control").click()
        return answer

    def follows(self, block: Locator, link: str) -> Response:
        """Follow a link as the page shows it, and return the response."""
        shown = json.loads(block.locator(f"{ANSWER} .microlight").first.inner_text())
        told = block.locator(".operation-link").filter(has=self.page.get_by_text(link, exact=True))
        operation = re.findall(r"Operation `(\w+)`", told.inner_text())
        values = re.findall(r'"(\w+)": "\$response\.body#/(\w+)"', told.inner_text())
        return self.tries(*operation, **{name: shown[member] for name, member in values})

    def authorizes(self, username: str, password: str) -> None:
        self.page.locator(".auth-wrapper .authorize").first.click()
        dialog = self.page.locator(".modal-ux")
        dialog.get_by_label("username").fill(username)
        dialog.get_by_label("password").fill(password)
        dialog.get_by_role("button", name="Apply credentials").click()
        dialog.get_by_role("button", name="Close").click()
