"""`python -m tests.generated`: make clients of openapi.yaml, compile them, and live with them.

Each is made by its generator, compiled under the strictest setting of its language, and tells one
story with a server that serves: an account signs up, gives details with credentials and without,
reads its own and those of a link, deletes them, and is refused in five ways, each read by the
problem's own fields.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Protocol

from tests.generated import hey_api, java, openapi_fetch, openapi_python_client
from tests.generated.tools import Failed, Missing, Tools
from tests.server import REPOSITORY, serving


class Client(Protocol):
    """A module that makes a client of the document, and has its story told."""

    NAME: str

    def compiled(self, tools: Tools, into: Path) -> None:
        """Make it in that folder, and compile it; raises `Missing` or `Failed`."""

    def told(self, tools: Tools, into: Path, url: str, username: str) -> str:
        """What the story saw, a line for each kind of thing."""


CLIENTS: dict[str, Client] = {
    "python": openapi_python_client,
    "openapi-fetch": openapi_fetch,
    "hey-api": hey_api,
    "java": java,
}
SEEN = [
    "200 201 201 201 200 200 204",
    "400 Bad Request lastname",
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "409 Conflict",
]
"""What each story sees: what is done, then what is refused."""


def told(name: str, tools: Tools, url: str) -> None:
    """Have this client made and its story told; raises `Missing` or `Failed`."""
    with tempfile.TemporaryDirectory() as folder:
        CLIENTS[name].compiled(tools, Path(folder))
        seen = CLIENTS[name].told(tools, Path(folder), url, f"{name}-client").splitlines()
    if seen != SEEN:
        raise Failed(f"its story saw {seen}, wanted was {SEEN}")


def main() -> int:
    """The exit status: 1 if any failed, or in CI is missing."""
    parser = argparse.ArgumentParser(
        "python -m tests.generated",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("client", nargs="*", help=f"{', '.join(CLIENTS)} (all)")
    parser.add_argument("--install", action="store_true", help="first install the generators")
    parser.add_argument("--tools", type=Path, default=REPOSITORY / ".generators", help="where")
    given = parser.parse_args()
    if unknown := set(given.client) - set(CLIENTS):
        parser.error(f"There is no {', '.join(unknown)} here, but {', '.join(CLIENTS)}.")
    tools = Tools(given.tools.absolute())
    if given.install:
        tools.install()
    bad = 0
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        for name in given.client or CLIENTS:
            began = time.monotonic()
            try:
                told(name, tools, server.url)
                said = f"{'; '.join(SEEN)} ({time.monotonic() - began:.0f} s)"
            except Missing as missing:
                bad += os.environ.get("CI") == "true"
                said = f"SKIPPED: {missing}"
            except Failed as failed:
                bad += 1
                said = f"FAILED: {failed}"
            print(f"{CLIENTS[name].NAME}: {said}", flush=True)
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
