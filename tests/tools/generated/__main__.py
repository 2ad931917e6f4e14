"""`python -m tests.tools.generated`: generate clients from openapi.yaml, compile and run them.

Each client is generated, compiled with the strictest setting of its language, and runs the same
story with a real server: sign up, submit details with and without credentials, read the account's
own details and those of a link, delete them, and get five errors, whose fields are read. The
examples of docs/clients.md are compiled and run in the same way.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from api.contract.problems import ABOUT_BLANK
from api.problem_types import INVALID_INPUT, OTHER_USERNAME, USERNAME_TAKEN
from tests.serving import REPOSITORY, serving
from tests.tools.generated import (
    go,
    hey_api,
    java,
    kotlin,
    openapi_fetch,
    openapi_python_client,
    orval,
    swagger_typescript_api,
    typescript_fetch,
)
from tests.tools.generated.tools import Failed, Missing, Tools, example

EXAMPLE = ["king", "409 Username taken"]
"""The expected output of each example of docs/clients.md."""


class Client(Protocol):
    """A module that generates a client, compiles it, and runs the story with it."""

    NAME: str

    def compile_client(self, tools: Tools, into: Path) -> None:
        """Generate and compile the client in `into`. Raises `Missing` or `Failed`."""

    def run_story(self, tools: Tools, into: Path, url: str, username: str) -> str:
        """Run the story, and return its output, a line for each step."""


class ClientWithExample(Protocol):
    """A module whose client also compiles and runs the example of its language."""

    LANGUAGE: str
    """The language of the example in docs/clients.md."""

    EXAMPLE: str
    """The file in which `compile_client` expects the example."""

    def run_example(self, tools: Tools, into: Path) -> str:
        """Run the example, and return its output."""


CLIENTS: dict[str, Client] = {
    "python": openapi_python_client,
    "openapi-fetch": openapi_fetch,
    "hey-api": hey_api,
    "typescript-fetch": typescript_fetch,
    "orval": orval,
    "swagger-typescript-api": swagger_typescript_api,
    "go": go,
    "java": java,
    "kotlin": kotlin,
}
EXAMPLES: dict[str, ClientWithExample] = {
    "python": openapi_python_client,
    "openapi-fetch": openapi_fetch,
    "go": go,
    "java": java,
    "kotlin": kotlin,
}
SEEN = [
    "200 201 201 201 200 200 204",
    f"400 {INVALID_INPUT.uri} lastname",
    f"401 {ABOUT_BLANK}",
    f"403 {OTHER_USERNAME.uri}",
    f"404 {ABOUT_BLANK}",
    f"409 {USERNAME_TAKEN.uri}",
]
"""The expected output of each story: first the successes, then each error's type and fields."""


def try_client(name: str, tools: Tools, url: str) -> tuple[bool, str]:
    """Return whether this client fails (in CI also if a tool is missing), and the message."""
    client, began = CLIENTS[name], time.monotonic()
    expected = SEEN + (EXAMPLE if name in EXAMPLES else [])
    try:
        with tempfile.TemporaryDirectory() as folder:
            into = Path(folder)
            write_example(name, into, url)
            client.compile_client(tools, into)
            seen = client.run_story(tools, into, url, f"{name}-client").splitlines()
            if name in EXAMPLES:
                seen += EXAMPLES[name].run_example(tools, into).splitlines()
    except Missing as missing:
        return os.environ.get("CI") == "true", f"SKIPPED: {missing}"
    except Failed as failed:
        return True, f"FAILED: {failed}"
    took = f"{time.monotonic() - began:.0f} s"
    said = f"{'; '.join(seen)} ({took})"
    return seen != expected, said if seen == expected else f"FAILED: {said}, not {expected}"


def write_example(name: str, into: Path, url: str) -> None:
    """Write the example for this client, if there is one, with the address of the server."""
    if name in EXAMPLES:
        text = example(EXAMPLES[name].LANGUAGE).replace("http://localhost:5000", url)
        file = into / EXAMPLES[name].EXAMPLE
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")


def try_with_a_server(name: str, tools: Tools) -> tuple[bool, str]:
    """Try the client on a new server, because each example signs up the same username."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        return try_client(name, tools, server.url)


def main() -> int:
    """Return the exit status: 1 if any client failed, or if a tool is missing in CI."""
    parser = argparse.ArgumentParser(
        "python -m tests.tools.generated",
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
        try:
            tools.install()
        except (Missing, Failed) as reason:
            print(f"Not all is installed: {reason}")
    bad, names = False, given.client or list(CLIENTS)
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = pool.map(lambda name: try_with_a_server(name, tools), names)
        for name, (fails, said) in zip(names, results, strict=True):
            print(f"{CLIENTS[name].NAME}: {said}", flush=True)
            bad = bad or fails
    return bad


if __name__ == "__main__":
    sys.exit(main())
