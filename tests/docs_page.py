"""The docs page in a browser, with verbs."""

import json
import re

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response

ANSWER = ".live-responses-table tbody"
# The sizes of all the text that can be seen.
SIZES = """() => [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility())
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => parseFloat(getComputedStyle(e).fontSize))"""
# The widths of what takes long to read or is written in, where nothing else may stand beside it.
WIDTHS = """() => [...document.querySelectorAll(
        ".opblock-tag small, .parameters-col_description, .parameters-col_description input,"
        + ".info td, .opblock-description, .live-responses-table pre")]
    .filter((e) => e.checkVisibility() && e.type !== "checkbox")
    .map((e) => e.getBoundingClientRect().width)"""
CSP = "violates the following Content Security Policy directive"
# What makes a page noisy, and what is then heard.
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
    """The docs page with what is done there; `noise` is what a quiet page has none of."""

    def __init__(self, page: Page, url: str, path: str = "/docs") -> None:
        self.page, self.url, self.noise = page, url, list[str]()
        page.on("console", self._hear_console)
        page.on("pageerror", lambda error: self.noise.append(str(error)))
        page.on("request", self._hear_request)
        page.on("requestfailed", lambda request: self.noise.append(f"failed: {request.url}"))
        page.on("response", self._hear_response)
        page.goto(url + path)
        page.locator(".opblock").first.wait_for()

    def _hear_console(self, said: ConsoleMessage) -> None:
        kind: str = said.type
        if kind != "verbose":  # That is advice, which a console shows only when asked to.
            self.noise.append(f"{kind}: {said.text}")

    def _hear_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.noise.append(f"elsewhere: {request.url}")

    def _hear_response(self, response: Response) -> None:
        if response.status >= 400:
            self.noise.append(f"{response.status}: {response.url}")

    def opens(self, operation: str) -> Locator:
        block = self.page.locator(f"[id$='-{operation}']")
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Execute").wait_for()
        return block

    def executes(self, block: Locator) -> Response:
        """The answer, which is shown."""
        with self.page.expect_response(lambda response: "/user" in response.url) as answered:
            block.get_by_role("button", name="Execute").click()
        shown = block.locator(f"{ANSWER} .response-col_status").first
        assert shown.inner_text().split()[0] == str(answered.value.status)
        return answered.value

    def tries(self, operation: str, **fields: str) -> Response:
        """The answer to the operation; fields that aren't named stay as they stand."""
        block = self.opens(operation)
        for name, text in fields.items():
            block.get_by_placeholder(name, exact=True).fill(text)
        answer = self.executes(block)
        block.locator(".opblock-summary-control").click()
        return answer

    def follows(self, block: Locator, link: str) -> Response:
        """The answer to where the link leads, by what is shown of the link and of the answer."""
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
