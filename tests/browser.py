"""A real browser, and the service on a port of its own."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, NamedTuple

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.serving import make_server

CHROMIUMS = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
# Flags for a browser that makes no requests of its own and needs no screen or graphics card.
FLAGS = """
    --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync
""".split()


class Exchange(NamedTuple):
    """A request that the service received, and its response."""

    method: str
    path: str
    request_headers: Headers
    status: int
    response_headers: Headers


@dataclass
class Service:
    """The app as a WSGI server, with the exchanges that it had."""

    app: Flask
    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            request_headers = Headers(list(EnvironHeaders(environ)))
            said = environ["REQUEST_METHOD"], environ["PATH_INFO"], request_headers
            self.exchanges.append(Exchange(*said, int(status[:3]), Headers(headers)))
            return start_response(status, headers, *failure)

        return self.app(environ, start)

    def requests_to(self, method: str, path: str) -> list[Exchange]:
        """Return the exchanges with this method and path."""
        return [e for e in self.exchanges if (e.method, e.path) == (method, path)]


@contextmanager
def listening(app: Any) -> Iterator[int]:
    """Serve the WSGI app, and yield its port on the loopback interface."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    # The server checks every 0.02 seconds whether it must stop.
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving(app: Flask) -> Iterator[Service]:
    """Serve the app, and record its exchanges."""
    service = Service(app)
    with listening(service) as port:
        service.url = f"http://127.0.0.1:{port}"
        yield service


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Headless Chromium. If it isn't installed, skip the tests; in CI, fail."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        otherwise = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        otherwise("There is no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        yield browser
        browser.close()


@contextmanager
def new_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page in a new browser context, so that it shares no cookies, cache or credentials."""
    context = browser.new_context(**options)
    context.set_default_timeout(30_000)  # Milliseconds. The machine may be busy.
    yield context.new_page()
    context.close()
