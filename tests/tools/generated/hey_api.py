"""TypeScript: @hey-api/openapi-ts, with its client for fetch."""

from pathlib import Path

from tests.tools.generated import typescript
from tests.tools.generated.tools import DOCUMENT, NPM, STORIES, Tools, run

NAME = "@hey-api/openapi-ts, tsc --strict"
STORY = "hey-api"
BUT = "--exactOptionalPropertyTypes", "false"
"""Compiler options that the generated code doesn't satisfy."""


def compile_client(tools: Tools, into: Path) -> None:
    """Compile the client and the story."""
    tools.check(NPM)
    command = str(tools.modules / ".bin/openapi-ts")
    config = str(STORIES / "hey-api.config.mjs")
    run(command, "--input", str(DOCUMENT), "--file", config, "--no-log-file", into=into)
    typescript.compile_client(tools, into, STORY, *BUT)


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """Run the story, and return its output."""
    return typescript.run_story(tools, into, STORY, url, username)
