"""A real browser, and the service on a port of its own for it to ask."""

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
# A browser that talks to nobody else, and needs neither a screen nor a graphics card.
FLAGS = """
    --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync
""".split()


class Exchange(NamedTuple):
    """A request that arrived, and how it was answered."""

    method: str
    path: str
    asked: Headers
    status: int
    answered: Headers


@dataclass
class Service:
    """The service on a port of its own, and what it was asked there."""

    app: Flask
    url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *failure: Any) -> Any:
            asked = Headers(list(EnvironHeaders(environ)))
            said = environ["REQUEST_METHOD"], environ["PATH_INFO"], asked
            self.exchanges.append(Exchange(*said, int(status[:3]), Headers(headers)))
            return start_response(status, headers, *failure)

        return self.app(environ, start)

    def asked(self, method: str, path: str) -> list[Exchange]:
        """The requests of this method to this path."""
        return [e for e in self.exchanges if (e.method, e.path) == (method, path)]


@contextmanager
def listening(app: Any) -> Iterator[int]:
    """The loopback port on which the WSGI app is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    # It looks often whether it is to end.
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
    """The service, being served."""
    service = Service(app)
    with listening(service) as port:
        service.url = f"http://127.0.0.1:{port}"
        yield service


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Headless Chromium. Without one the tests are skipped, but in CI they fail."""
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
    """A page of a browser that remembers nothing of other pages."""
    context = browser.new_context(**options)
    context.set_default_timeout(30_000)  # Machines are slow at times.
    yield context.new_page()
    context.close()
