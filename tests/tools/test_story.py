"""The story's files agree with arazzo.yaml, and arazzo.yaml with openapi.yaml."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.operations import NAMED
from tests.serving import REPOSITORY
from tests.tools.story import __main__ as story
from tests.tools.story.arazzo import ARAZZO, DOCUMENT, read, steps

TOLD: dict[str, Any] = yaml.safe_load(ARAZZO.read_text(encoding="utf-8"))
CONTRACT: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", story.FILES, ids=lambda file: file.name)
def test_each_file_is_the_one_that_the_command_writes(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == story.FILES[file](*read()), (
        "run `python -m tests.tools.story`"
    )


def test_the_story_uses_each_operation_and_has_the_version_of_the_document() -> None:
    assert {step.operation for step in read()[1]} == NAMED.keys(), (
        "Give each operation a step in arazzo.yaml, and run `python -m tests.tools.story`."
    )
    assert TOLD["info"]["version"] == CONTRACT["info"]["version"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda step: step.update(operationId="resetUsers"), "resetUsers"),
        (lambda step: step["parameters"][0].update(name="Key"), "has no Key in header"),
        (lambda step: step["requestBody"].update(contentType="text/csv"), "isn't text/csv"),
        (lambda step: step["x-security"][0].update(schemeName="bearer"), "no such credentials"),
        (
            lambda step: step["successCriteria"][0].update(condition="$statusCode == 200"),
            "has no status 200",
        ),
        (
            lambda step: step["successCriteria"][0].update(condition="$statusCode < 300"),
            "isn't a comparison",
        ),
        (lambda step: step["requestBody"]["payload"].update(surname="king"), "has no surname"),
        (lambda step: step.pop("successCriteria"), "one status"),
    ],
)
def test_a_step_that_the_document_does_not_allow_is_refused(
    edit: Callable[[Any], object], message: str
) -> None:
    told = deepcopy(TOLD)
    (create,) = (s for s in told["workflows"][0]["steps"] if s["stepId"] == "create")
    edit(create)
    with pytest.raises(ValueError, match=message):
        steps(told, CONTRACT)


@pytest.mark.parametrize("name", story.RUNNERS)
@pytest.mark.parametrize("ci", ["true", "false"])
def test_a_missing_tool_is_reported_and_fails_only_in_ci(
    name: str, ci: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PATH", "")
    fails, said = story.try_runner(name, "http://localhost:0")
    assert fails == (ci == "true")
    assert said.startswith(f"SKIPPED: no {name}: npm install --global ")


def test_a_wrong_status_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(story.RUNNERS, "newman", lambda *_: [200])
    fails, said = story.try_runner("newman", "http://localhost:0")
    assert fails and said.startswith("FAILED: 200, not [200, 201, ")


def test_ci_pins_each_tool_to_the_version_that_the_page_names() -> None:
    ci = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
    page = (REPOSITORY / "docs" / "clients.md").read_text(encoding="utf-8")
    for name in story.RUNNERS:
        package = story.NPM.get(name, name)
        (pinned,) = re.findall(rf" {package}@(\d+\.\d+\.\d+)\b", ci)
        assert f"{package}@{pinned}" in page
