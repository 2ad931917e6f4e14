"""The commands and outputs of a page, which is named by its path in the repository."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.postgresql import program
from tests.serving import REPOSITORY, free_port

PROGRAM = 'sign-up-api() { python -m api "$@"; }; '
"""The program of this repository, also where the package isn't installed."""


TESTED = {
    "api/contract/README.md": [
        "Install",
        "Step 1: the recorder",
        "Step 2: the gate",
        "Step 3: exactness",
    ],
    "README.md": ["Quick start", "Use the contract machine in your own API"],
    "docs/api.md": ["Errors", "Sign in", "Representations", "Retries", "Rate limits"],
    "docs/clients.md": ["Python", "TypeScript", "Go", "Java"],
    "docs/deploying.md": ["systemd", "Docker", "Compose"],
    "docs/development.md": ["Change the contract"],
    "docs/operating.md": [
        "Health",
        "Back up and restore SQLite",
        "Back up and restore PostgreSQL",
        "Commands",
    ],
}
"""The sections whose commands tests run, each page in a file of tests of its own.

Of docs/clients.md, `tests.tools.generated` runs the same generators with the same options, and
tests/tools/test_generated.py compares these.
"""


class Block(NamedTuple):
    """A fenced block: its language, empty for an output, and its text."""

    language: str
    text: str


def read(page: str) -> str:
    """Return the text of the page."""
    return (REPOSITORY / page).read_text(encoding="utf-8")


def sections(page: str) -> dict[str, list[Block]]:
    """Return the blocks under each heading of the page."""
    text = read(page)
    found: dict[str, list[Block]] = {}
    heading = ""
    for title, language, block in re.findall(
        r"^## ([^\n]+)|^```(\w*)\n(.*?)^```", text, re.M | re.S
    ):
        heading = title or heading
        if not title:
            found.setdefault(heading, []).append(Block(language, block))
    return found


def commands(page: str, heading: str) -> list[str]:
    """Return the blocks of commands under the heading."""
    return [block.text for block in sections(page)[heading] if block.language == "sh"]


def outputs(page: str, heading: str) -> list[str]:
    """Return the blocks without a language under the heading."""
    return [block.text for block in sections(page)[heading] if not block.language]


Run = Callable[[str], str]


def runner(folder: Path, environment: Mapping[str, str] | None = None) -> Run:
    """Return a function that runs commands in the folder, and returns their output.

    The output has the pages' names in place of the folder and of times. The port is a free one.
    """
    programs = [Path(sys.executable).parent, Path(program("psql")).parent]
    path = ":".join([*map(str, programs), os.environ["PATH"]])
    kept = {k: v for k, v in os.environ.items() if k in ("HOME", "LANG")}
    kept |= {"PATH": path, "PYTHONPATH": str(REPOSITORY), "PORT": str(free_port())}

    def run(text: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", PROGRAM + text],
            cwd=folder,
            env=kept | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout.replace(str(folder), "/home/sam")
        return re.sub(r"\b\d{8}T\d{6}Z\b", "20261127T053000Z", said)

    return run
