"""The generators are pinned, as the README says, and a missing tool fails in CI."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.serving import REPOSITORY
from tests.tools.generated.__main__ import CLIENTS, try_client
from tests.tools.generated.tools import HERE, NPM, PYPI, Tools

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


def test_the_readme_names_the_versions() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"\| client \| made by .*?\n\n", readme, flags=re.DOTALL)
    written = dict(re.findall(r"([@\w/-]+) (\d+\.\d+\.\d+)", table))
    named = {r.name: str(r.specifier).removeprefix("==") for r in ON_PYPI if r.name in written}
    assert written == named | ON_NPM
    assert set(named) == {"mypy", "openapi-generator-cli", "openapi-python-client"}


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
