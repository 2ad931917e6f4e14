"""`api/contract/` as a package of its own, which is installed under the name `openapi_proof`.

The commands of its README run in an environment that has the package and nothing of the service,
beside an app whose own package is called `api`.
"""

import re
import shutil
import subprocess
import sys
from dataclasses import fields
from itertools import chain, pairwise
from pathlib import Path

import pytest

from api import contract
from api.contract.proof.configuration import Configuration
from tests.pages import Block, Run, commands, read, sections
from tests.serving import REPOSITORY
from tests.test_pages import PINNED, table
from tests.tools.package_versions import EXAMPLES, PACKAGE, alone

PAGE = "api/contract/README.md"
WITHOUT_EXTRAS = """
import pkgutil, sys
from importlib import import_module
# With None in place of a module, importing it fails.
sys.modules.update(dict.fromkeys(["apispec", "flask", "greenery", "marshmallow"]))
proof = import_module("api.contract.proof")
for module in pkgutil.walk_packages(proof.__path__, "api.contract.proof."):
    import_module(module.name)
"""
COMMANDS = """
from importlib.metadata import entry_points
assert not entry_points(group="flask.commands")
"""
WAYS = "from ways import app; print(app.test_client().post('/tuple').status)"


def test_each_name_of_the_package_is_found_in_a_module() -> None:
    found = {name: getattr(contract, name) for name in contract.__all__}
    assert {value.__name__ for value in found.values() if callable(value)} <= found.keys()
    assert not hasattr(contract, "proven")


def test_the_recorder_needs_no_flask_marshmallow_apispec_or_greenery() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", WITHOUT_EXTRAS], check=True)


def test_the_page_has_each_setting() -> None:
    rows = [row[0].strip("`") for row in table(PAGE, "key | default | meaning")]
    assert rows == [setting.name for setting in fields(Configuration)]


def test_the_page_shows_what_the_examples_have() -> None:
    files = [file for name in EXAMPLES for file in (PACKAGE / "examples" / name).rglob("*.*")]
    texts = [file.read_text(encoding="utf-8") for file in files if file.suffix in (".py", ".toml")]
    blocks = chain.from_iterable(sections(PAGE).values())
    code = [block.text for block in blocks if block.language in ("python", "toml")]
    assert [block for block in code if not any(block in text for text in texts)] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("alone")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    """Run commands beside the package, in an environment of its own."""
    return alone(folder, PINNED)


@pytest.mark.long
def test_its_commands_do_what_the_page_says(folder: Path, run: Run) -> None:
    shutil.copy(REPOSITORY / ".gitignore", folder)
    run("git init --quiet && git add api")
    blocks = chain.from_iterable(sections(PAGE).values())
    for block, following in pairwise([*blocks, Block("", "")]):
        if block.language == "sh":
            written = "" if following.language else following.text
            fails = re.search(r"^\d+ failed|of fail_under$", written, re.MULTILINE)
            said = run(f"! ( {block.text} )" if fails else block.text)
            said = re.sub(r" (in [\d.]+s|\(.* in \d+ s\))$", "", said, flags=re.MULTILINE)
            rest = iter(said.splitlines())
            assert [line for line in written.splitlines() if line not in rest] == [], said
    assert "??" not in run("git status --short api")
    # Flask would load a command in every app, also beside an older marshmallow or without it.
    run(f"python -c '{COMMANDS}'")


@pytest.mark.long
def test_the_example_of_the_readme_works_with_the_package(folder: Path, run: Run) -> None:
    run(*commands("README.md", "Use the contract machine in your own API"))
    (ways,) = re.findall(r"```python\n(.*?)^```", read("README.md"), re.MULTILINE | re.DOTALL)
    source = ways.replace("from api.contract import", "from openapi_proof import")
    (folder / "ways.py").write_text(source, encoding="utf-8")
    assert run(f'python -W error -c "{WAYS}"') == "201 CREATED\n"
