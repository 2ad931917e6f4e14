"""All installed packages are pinned, including indirect dependencies."""

import tomllib
from importlib.metadata import requires, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.serving import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def wanted_here(texts: list[str]) -> list[Requirement]:
    """Yield the requirements that apply to this Python."""
    requirements = [Requirement(text) for text in texts]
    return [r for r in requirements if r.marker is None or r.marker.evaluate()]


PINNED = wanted_here(PROJECT["dependencies"])
FOR_TESTS = wanted_here(PROJECT["optional-dependencies"]["test"])


def needed_by(requirement: Requirement) -> set[str]:
    """Yield the requirements of the installed distribution, with the requested extras."""
    found: set[str] = set()
    for text in requires(requirement.name) or []:
        needed = Requirement(text)
        for extra in ["", *requirement.extras]:
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                found.add(canonicalize_name(needed.name))
    return found


@pytest.mark.parametrize("requirements", [PINNED, PINNED + FOR_TESTS], ids=["api", "tests"])
def test_the_installed_versions_are_pinned(requirements: list[Requirement]) -> None:
    names = {canonicalize_name(requirement.name) for requirement in requirements}
    for requirement in requirements:
        (pin,) = requirement.specifier
        assert (pin.operator, pin.version) == ("==", version(requirement.name))
        assert needed_by(requirement) <= names, requirement


def test_the_build_is_pinned_too() -> None:
    pyproject = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    assert all("==" in text for text in pyproject["build-system"]["requires"])
