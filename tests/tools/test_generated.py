"""The generators are pinned, as docs/clients.md says, and a missing tool fails in CI."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.serving import REPOSITORY
from tests.tools.generated import go, java
from tests.tools.generated.__main__ import CLIENTS, EXAMPLE, EXAMPLES, try_client, write_example
from tests.tools.generated.tools import HERE, NPM, PAGE, PYPI, STORIES, Tools, example

ON_NPM: dict[str, str] = json.loads((HERE / NPM).read_text(encoding="utf-8"))["dependencies"]
ON_PYPI = [
    Requirement(line)
    for line in (HERE / PYPI).read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def test_each_generator_is_one_version() -> None:
    assert all(re.fullmatch(r"\d+(\.\d+)+", version) for version in ON_NPM.values())
    assert all(re.fullmatch(r"==\d+(\.\d+)+", str(r.specifier)) for r in ON_PYPI)


def test_shared_pins_have_the_same_version() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    pinned = [Requirement(line) for lines in [project["dependencies"], *extras] for line in lines]
    ours = {r.name.lower(): r.specifier for r in pinned}
    assert [r for r in ON_PYPI if r.specifier != ours.get(r.name.lower(), r.specifier)] == []


def test_the_page_names_the_versions() -> None:
    page = PAGE.read_text(encoding="utf-8")
    (table,) = re.findall(r"\| client \| made by .*?\n\n", page, flags=re.DOTALL)
    written = dict(re.findall(r"([@\w/-]+) (\d+\.\d+\.\d+)", table))
    named = {r.name: str(r.specifier).removeprefix("==") for r in ON_PYPI if r.name in written}
    assert written == named | ON_NPM
    assert set(named) == {"mypy", "openapi-generator-cli", "openapi-python-client"}
    commands = re.findall(r"([@\w/-]+)(?:==|@)(\d+\.\d+\.\d+)", page.partition("## Without")[0])
    assert commands and set(commands) <= written.items()


def test_the_page_shows_what_its_examples_print() -> None:
    assert "".join(f"{line}\n" for line in EXAMPLE) == example("text")


def test_python_is_configured_as_the_page_says() -> None:
    (shown,) = re.findall(r"<<'END'\n(.*?)END\n", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    configured = (STORIES / "openapi-python-client.yaml").read_text(encoding="utf-8")
    assert shown in configured


@pytest.mark.parametrize(("generator", "client"), [("go", go), ("java", java)])
def test_openapi_generator_has_the_options_that_the_page_gives(generator: str, client: Any) -> None:
    options = ",".join(f"{name}={value}" for name, value in client.OPTIONS.items())
    page = " ".join(PAGE.read_text(encoding="utf-8").replace("\\\n", "").split())
    (given,) = re.findall(rf"--generator-name {generator} .*?--additional-properties (\S+)", page)
    assert given == options


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_written_with_the_address_of_the_server(name: str, tmp_path: Path) -> None:
    write_example(name, tmp_path, "http://localhost:1")
    text = (tmp_path / EXAMPLES[name].EXAMPLE).read_text(encoding="utf-8")
    assert text.count("http://localhost:1") == 1 and "5000" not in text


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("ci", ["true", "false"])
def test_a_missing_tool_is_reported_and_fails_only_in_ci(
    name: str, ci: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    fails, said = try_client(name, Tools(tmp_path), "http://localhost:0")
    assert (fails, said) == (
        ci == "true",
        "SKIPPED: the pinned generators aren't installed: add --install",
    )
