"""Python: openapi-python-client, checked by mypy."""

import os
from pathlib import Path

from tests.tools.generated.tools import DOCUMENT, PYPI, STORIES, Tools, run

NAME = "openapi-python-client, mypy --strict"
PACKAGE = "sign_up_client"
LANGUAGE, EXAMPLE = "python", "example.py"


def compile_client(tools: Tools, into: Path) -> None:
    """Generate the client, and check its story without expressions of unknown type."""
    tools.check(PYPI)
    config = "--config", str(STORIES / "openapi-python-client.yaml")
    where = "--path", str(DOCUMENT), "--output-path", str(into / PACKAGE)
    run(str(tools.bin / "openapi-python-client"), "generate", "--meta", "none", *config, *where)
    story = into / "story.py"
    story.write_text((STORIES / "story.py").read_text(encoding="utf-8"), encoding="utf-8")
    mypy = str(tools.bin / "mypy"), "--strict"
    run(*mypy, "-p", PACKAGE, into=into)
    run(*mypy, "--disallow-any-expr", "--follow-imports=silent", "story.py", EXAMPLE, into=into)


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """Run the story, and return its output."""
    env = {**os.environ, "PYTHONUTF8": "1"}
    return run(str(tools.bin / "python"), "story.py", url, username, into=into, env=env)


def run_example(tools: Tools, into: Path) -> str:
    """Run the example, and return its output."""
    return run(str(tools.bin / "python"), EXAMPLE, into=into)
