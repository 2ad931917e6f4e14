"""The docs page in a browser, with verbs."""

from playwright.sync_api import ConsoleMessage, Locator, Page, Response

from tests.browser import Service


class Docs:
    """The docs page with what is done there; `noise` is what a quiet page has none of."""

    def __init__(self, page: Page, service: Service, path: str = "/docs") -> None:
        self.page, self.service, self.noise = page, service, list[str]()
        page.on("console", self._hear_console)
        page.on("pageerror", lambda error: self.noise.append(str(error)))
        page.on("requestfailed", lambda request: self.noise.append(f"failed: {request.url}"))
        page.on("response", self._hear_response)
        page.goto(service.url + path)
        page.locator(".opblock").first.wait_for()

    def _hear_console(self, said: ConsoleMessage) -> None:
        kind: str = said.type
        if kind != "verbose":  # That is advice, which a console shows only when asked to.
            self.noise.append(f"{kind}: {said.text}")

    def _hear_response(self, response: Response) -> None:
        ours = response.url.startswith((f"{self.service.url}/", "data:"))
        if response.status >= 400 or not ours:
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
        shown = block.locator(".live-responses-table tbody .response-col_status").first
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

    def authorizes(self, username: str, password: str) -> None:
        self.page.locator(".auth-wrapper .authorize").first.click()
        dialog = self.page.locator(".modal-ux")
        dialog.get_by_label("username").fill(username)
        dialog.get_by_label("password").fill(password)
        dialog.get_by_role("button", name="Apply credentials").click()
        dialog.get_by_role("button", name="Close").click()
