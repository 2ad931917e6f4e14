"""TypeScript: swagger-typescript-api, with its client for fetch."""

from pathlib import Path

from tests.tools.generated import typescript
from tests.tools.generated.tools import DOCUMENT, NPM, Tools, run

NAME = "swagger-typescript-api, tsc --strict"
STORY = "swagger-typescript-api"


def compile_client(tools: Tools, into: Path) -> None:
    """Compile the client and the story."""
    tools.check(NPM)
    command = str(tools.modules / ".bin/swagger-typescript-api")
    run(command, "generate", "--path", str(DOCUMENT), "--name", "client.ts", "--silent", into=into)
    typescript.compile_client(tools, into, STORY)


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """Run the story, and return its output."""
    return typescript.run_story(tools, into, STORY, url, username)
