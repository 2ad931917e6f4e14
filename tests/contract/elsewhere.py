"""A page of another origin in a browser, with a method for each action."""

from collections.abc import Iterable
from typing import Any

from playwright.sync_api import Page
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from tests.browser import Service

# JavaScript: the page's view of the response, or null if the browser blocks it.
FETCH = """async ([url, {form, kind, ...options}]) => {
    if (form) {
        options.body = kind === "FormData" ? new FormData() : new URLSearchParams();
        Object.entries(form).forEach(([name, text]) => options.body.append(name, text));
    }
    try {
        const answer = await fetch(url, {signal: AbortSignal.timeout(60000), ...options});
        const headers = Object.fromEntries(answer.headers);
        return {status: answer.status, headers, text: await answer.text()};
    } catch (error) {
        if (error.name !== "TypeError") throw error;
        return null;
    }
}"""


def blank(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Another site with empty pages. In the sandbox a page's origin is `null`."""
    headers = [("Content-Type", "text/html; charset=utf-8")]
    if environ["PATH_INFO"] == "/sandbox":
        headers.append(("Content-Security-Policy", "sandbox allow-forms allow-scripts"))
    start_response("200 OK", headers)
    return [b"<!doctype html><title>Elsewhere</title>"]


class Elsewhere:
    """A page of another origin that sends requests to the service."""

    def __init__(self, page: Page, url: str, service: Service) -> None:
        self.page, self.service = page, service
        page.goto(url)

    def asks(self, path: str, **options: Any) -> TestResponse | None:
        """Return what the page's script can read of the response; `options` are those of fetch."""
        read = self.page.evaluate(FETCH, [self.service.url + path, options])
        if read is None:
            return None
        text, headers = read["text"].encode(), Headers(read["headers"])
        return TestResponse([text], str(read["status"]), headers, Request({}))

    def posts(self, path: str = "/userSignUp", **options: Any) -> TestResponse:
        """Send a POST, and return the response, which the page's script must be able to read."""
        answer = self.asks(path, method="POST", **options)
        assert answer is not None, "the page can't read the answer"
        return answer

    def submits(self, form: dict[str, str], path: str, enctype: str = "") -> str:
        """Submit an HTML form, and return the text that the window then shows."""
        fields = "".join(f'<input name="{name}" value="{text}">' for name, text in form.items())
        self.page.set_content(
            f'<form method="post" action="{self.service.url}{path}" enctype="{enctype}">'
            f"{fields}<button>Send</button></form>"
        )
        self.page.get_by_role("button").click()
        self.page.wait_for_url(self.service.url + path)
        return self.page.locator("body").inner_text()

    def assert_open(self) -> None:
        """Assert that any origin may read every response: a literal `*`, and no credentials."""
        assert self.service.exchanges
        for exchange in self.service.exchanges:
            assert exchange.response_headers.getlist("Access-Control-Allow-Origin") == ["*"]
            assert "Access-Control-Allow-Credentials" not in exchange.response_headers
