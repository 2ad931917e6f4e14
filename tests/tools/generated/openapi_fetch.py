"""TypeScript: openapi-fetch, with the types that openapi-typescript makes."""

from pathlib import Path

from tests.tools.generated import typescript
from tests.tools.generated.tools import DOCUMENT, NPM, Tools, run

NAME = "openapi-typescript and openapi-fetch, tsc --strict"
STORY = "openapi-fetch"


def compile_client(tools: Tools, into: Path) -> None:
    """The types, and the story in them."""
    tools.check(NPM)
    command = str(tools.modules / "openapi-typescript/bin/cli.js")
    schema = str(into / "schema.d.ts")
    run(typescript.node(tools), command, str(DOCUMENT), "--output", schema)
    typescript.compile_client(tools, into, STORY)


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """What the story saw."""
    return typescript.run_story(tools, into, STORY, url, username)
