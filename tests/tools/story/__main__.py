"""`python -m tests.tools.story`: write the story of arazzo.yaml in other formats, and run it.

Without options it writes docs/story.http and docs/story.postman_collection.json. With `--run` it
runs arazzo.yaml by `redocly respect`, the collection by newman and the .http file by httpyac, each
with a username of its own on a server that it starts, and compares the status of each step. A
missing tool is a failure in CI; elsewhere its file is skipped.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.serving import REPOSITORY, serving
from tests.tools.generated.tools import Failed, Missing, Tools, run
from tests.tools.story.arazzo import ARAZZO, Step, read
from tests.tools.story.http import http_file
from tests.tools.story.postman import collection

HTTP = REPOSITORY / "docs" / "story.http"
POSTMAN = REPOSITORY / "docs" / "story.postman_collection.json"
FILES: dict[Path, Callable[[dict[str, str], list[Step]], str]] = {
    HTTP: http_file,
    POSTMAN: collection,
}


def run_redocly(folder: Path, url: str, inputs: dict[str, str]) -> list[int]:
    """Run arazzo.yaml, which also compares the responses with openapi.yaml.

    Return the status of each step.
    """
    found = folder / "redocly.json"
    options = "--server", f"openapi={url}", "--input", json.dumps(inputs)
    run(_command("redocly"), "respect", str(ARAZZO), *options, "--json-output", str(found))
    (file,) = json.loads(found.read_text(encoding="utf-8"))["files"].values()
    (workflow,) = file["executedWorkflows"]
    return [step["response"]["statusCode"] for step in workflow["executedSteps"]]


def run_newman(folder: Path, url: str, inputs: dict[str, str]) -> list[int]:
    """Run the collection with its own tests, and return the status of each request."""
    found = folder / "newman.json"
    variables = {"baseUrl": url, **inputs}.items()
    options = [word for k, v in variables for word in ("--env-var", f"{k}={v}")]
    options += ["--reporters", "json", "--reporter-json-export", str(found)]
    run(_command("newman"), "run", str(POSTMAN), *options)
    requests = json.loads(found.read_text(encoding="utf-8"))["run"]["executions"]
    return [request["response"]["code"] for request in requests]


def run_httpyac(folder: Path, url: str, inputs: dict[str, str]) -> list[int]:
    """Run the .http file, and return the status of each request.

    The variables of the file count before those of the command, so they are written in a copy.
    """
    lines = HTTP.read_text(encoding="utf-8").splitlines()
    variables = {f"@{name}": value for name, value in {"baseUrl": url, **inputs}.items()}
    for i, line in enumerate(lines):
        name, _, _ = line.partition(" = ")
        if name in variables:
            lines[i] = f"{name} = {variables.pop(name)}"
    if variables:
        raise Failed(f"{HTTP.name} has no {', '.join(variables)}.")
    (folder / HTTP.name).write_text("\n".join(lines), encoding="utf-8")
    said = run(_command("httpyac"), "send", HTTP.name, "--all", "--json", into=folder)
    return [request["response"]["statusCode"] for request in json.loads(said)["requests"]]


RUNNERS: dict[str, Callable[[Path, str, dict[str, str]], list[int]]] = {
    "redocly": run_redocly,
    "newman": run_newman,
    "httpyac": run_httpyac,
}
NPM = {"redocly": "@redocly/cli"}
"""The npm packages whose commands have another name."""


def _command(name: str) -> str:
    return Tools.machines(name, NPM.get(name, name), "npm install --global")


def try_runner(name: str, url: str) -> tuple[bool, str]:
    """Return whether this tool's run fails (in CI also if the tool is missing), and the message."""
    inputs, steps = read()
    inputs |= {"username": f"{name}-story", "key": f"the-key-of-{name}"}
    expected = [step.status for step in steps]
    try:
        with tempfile.TemporaryDirectory() as folder:
            seen = RUNNERS[name](Path(folder), url, inputs)
    except Missing as missing:
        return os.environ.get("CI") == "true", f"SKIPPED: {missing}"
    except Failed as failed:
        return True, f"FAILED: {failed}"
    said = " ".join(map(str, seen))
    return seen != expected, said if seen == expected else f"FAILED: {said}, not {expected}"


def main() -> int:
    """Return the exit status: 1 if any run failed, or if a tool is missing in CI."""
    parser = argparse.ArgumentParser(
        "python -m tests.tools.story",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", action="store_true", help="run the files instead of writing them")
    if not parser.parse_args().run:
        for file, text in FILES.items():
            file.write_text(text(*read()), encoding="utf-8")
        return 0
    bad = False
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        for name in RUNNERS:
            fails, said = try_runner(name, server.url)
            print(f"{name}: {said}", flush=True)
            bad = bad or fails
    return bad


if __name__ == "__main__":
    sys.exit(main())
