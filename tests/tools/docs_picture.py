"""`python -m tests.tools.docs_picture FILE`: the README's picture of an operation at /docs."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FloatRect

from tests.browser import chromium, new_page
from tests.docs_page import ANSWER, Docs
from tests.serving import serving

WIDTH, MARGIN = 960, 8
AT = "http://localhost:5000"  # The URL in the picture, wherever the service runs, as in the README.


def draw(browser: Browser, file: Path) -> None:
    """Draw the operation, from its head to the response, as a PNG."""
    with new_page(browser, viewport={"width": WIDTH, "height": 900}) as page:
        docs = Docs(page, AT)
        block = docs.opens("createUserDetails")
        assert docs.executes(block).status == 201
        page.mouse.move(0, 0)
        page.evaluate("scrollTo(0, 0), document.activeElement.blur()")
        top = page.locator(".opblock-tag", has_text="User details").bounding_box()
        end = block.locator(f"{ANSWER} .highlight-code").first.bounding_box()
        assert top and end
        height = end["y"] + end["height"] - top["y"] + 2 * MARGIN
        shown: FloatRect = {"x": 0, "y": top["y"] - MARGIN, "width": WIDTH, "height": height}
        page.screenshot(path=file, full_page=True, clip=shown, animations="disabled")


def main(file: str) -> None:
    with TemporaryDirectory() as folder, serving(Path(folder)) as server:
        port = urlsplit(server.url).port
        try:
            with chromium(f"--host-resolver-rules=MAP localhost:5000 localhost:{port}") as browser:
                draw(browser, Path(file))
        except pytest.skip.Exception as missing:
            sys.exit(missing.msg)


if __name__ == "__main__":
    main(*sys.argv[1:])
