"""TypeScript: orval, with its client for fetch."""

import os
import shutil
from pathlib import Path

from tests.tools.generated import typescript
from tests.tools.generated.tools import DOCUMENT, NPM, STORIES, Tools, run

NAME = "orval, tsc --strict"
STORY = "orval"


def compile_client(tools: Tools, into: Path) -> None:
    """Compile the client and the story."""
    tools.check(NPM)
    for name in ("orval.config.cjs", "orval-send.ts"):
        shutil.copy(STORIES / name, into)
    env = {**os.environ, "DOCUMENT": str(DOCUMENT)}
    command = str(tools.modules / ".bin/orval")
    run(command, "--config", "orval.config.cjs", into=into, env=env)
    typescript.compile_client(tools, into, STORY)


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """Run the story, and return its output."""
    return typescript.run_story(tools, into, STORY, url, username)
