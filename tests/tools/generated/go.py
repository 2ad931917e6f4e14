"""Go: openapi-generator with Go's own HTTP client, checked by `go vet`."""

import os
import shutil
from pathlib import Path

from tests.tools.generated import openapi_generator
from tests.tools.generated.tools import STORIES, Tools, run

NAME = "openapi-generator, generator go, go vet"
LANGUAGE, EXAMPLE = "go", "example/main.go"
OPTIONS = {"packageName": "signup", "withGoMod": "false"}


def compile_client(tools: Tools, into: Path) -> None:
    """Compile the client, the story and the example. The client needs no module but Go's own."""
    made = into / "made"
    openapi_generator.generate(tools, "go", made, OPTIONS)
    (into / "signup").mkdir()
    for source in made.glob("*.go"):
        shutil.move(source, into / "signup")
    shutil.rmtree(made)
    shutil.copy(STORIES / "story.go", into)
    (into / "go.mod").write_text("module example.com/story\n\ngo 1.19\n")
    env = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    go = tools.machines("go", "golang-go")
    run(go, "vet", "./...", into=into, env=env)
    run(go, "build", "-o", "built/", "./...", into=into, env=env)


def run_story(tools: Tools, into: Path, url: str, username: str) -> str:
    """Run the story, and return its output."""
    return run(str(into / "built" / "story"), url, username)


def run_example(tools: Tools, into: Path) -> str:
    """Run the example, and return its output."""
    return run(str(into / "built" / "example"))
