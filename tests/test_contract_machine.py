"""docs/contract-machine.md: its app has the document and the proof, on a copy of the machine."""

import re
from pathlib import Path

import pytest

from tests.pages import commands, outputs, read, runner
from tests.serving import REPOSITORY
from tests.test_pages import PINNED

PAGE = "docs/contract-machine.md"
# As in an environment that has only what the page installs.
ENVIRONMENT = {"PYTHONPATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
COPY = "Use the contract machine in your own API"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an app with the copied machine and the page's files."""
    app = tmp_path / "my-app"
    app.mkdir()
    (text,) = commands("README.md", COPY)
    copy, install = text.splitlines()
    assert set(install.split()[2:]) <= PINNED
    runner(REPOSITORY, {"HOME": str(tmp_path)})(copy)
    for name, source in re.findall(r"^`(\S+)`:\n\n```python\n(.*?)^```", read(PAGE), re.M | re.S):
        (app / name).write_text(source, encoding="utf-8")
    return app


def test_the_commands_print_the_document_and_prove_it(folder: Path) -> None:
    run = runner(folder, ENVIRONMENT)
    (document,), (text,) = commands(PAGE, "Its document"), commands(PAGE, "Its proof")
    assert run(document) == ""
    install, test = text.splitlines()
    assert set(install.split()[2:]) <= PINNED | {"pytest"}
    assert re.search(r"^\d+ passed", run(f"{test} -q"), re.MULTILINE)
    tests = folder / "test_notes.py"
    source = tests.read_text(encoding="utf-8")
    assert '"x" * 81, ' in source and '`"x" * 81`' in read(PAGE)
    tests.write_text(source.replace('"x" * 81, ', ""), encoding="utf-8")
    said = run(f"! {test} -q")
    (written,) = outputs(PAGE, "Its proof")
    assert all(line in said for line in written.splitlines())
    lines = r"openapi[.]yaml:\d+"
    assert set(re.findall(lines, said)) == set(re.findall(lines, written))


def test_the_readmes_example_works_with_the_copy(folder: Path) -> None:
    (ways,) = re.findall(r"```python\n(.*?)^```", read("README.md"), re.M | re.S)
    example = ways.replace("from api.contract import", "from contract import")
    (folder / "ways.py").write_text(example, encoding="utf-8")
    ask = "from ways import app; app.testing = True; print(app.test_client().post('/tuple').status)"
    assert runner(folder, ENVIRONMENT)(f'python -c "{ask}"') == "201 CREATED\n"
