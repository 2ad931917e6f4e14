"""TypeScript: openapi-generator with fetch."""

from pathlib import Path

from tests.tools.generated import openapi_generator, typescript
from tests.tools.generated.tools import NPM, Tools

NAME = "openapi-generator, generator typescript-fetch, tsc --strict"
STORY = "typescript-fetch"
OPTIONS = {"importFileExtension": ".js"}
NOT = (
    "exactOptionalPropertyTypes",
    "noImplicitOverride",
    "noUncheckedIndexedAccess",
    "noUnusedLocals",
    "noUnusedParameters",
)
"""Compiler options that the generated code doesn't satisfy."""


def compile_client(tools: Tools, into: Path) -> None:
    """Compile the client and the story."""
    tools.check(NPM)
    openapi_generator.generate(tools, "typescript-fetch", into / "client", OPTIONS)
    but = [word for option in NOT for word in (f"--{option}", "false")]
    typescript.compile_client(tools, into, STORY, *but)


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """Run the story, and return its output."""
    return typescript.run_story(tools, into, STORY, url, username)
