"""Operator commands whose output can't be written print one line and exit 1."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from api.__main__ import program
from api.config import Settings
from api.storage.database import Database, open_engine
from api.storage.migrate import upgrade
from api.storage.store import Store
from tests.actor import RECORD
from tests.serving import REPOSITORY
from tests.tools.full_output import COMMANDS

pytestmark = pytest.mark.long

Said = dict[str, tuple[int, str]]
FULL = (1, "Error: Standard output: No space left on device.\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which each command ran, with a database of an account and a record."""
    folder = tmp_path_factory.mktemp("output")
    (folder / "old.yaml").write_text("openapi: 3.1.0\n")
    (folder / "ł").mkdir()
    url = f"sqlite:///{folder / 'ł' / 'signup.db'}"
    engine = open_engine(Settings(database_url=url))
    upgrade(engine)
    store = Store(Database(engine))
    store.add_account("ada", None)
    store.add_details(**RECORD | {"lastname": "Łuk"})
    store.close()
    shutil.copy(folder / "ł" / "signup.db", folder / "old.backup")
    subprocess.run(
        [sys.executable, "-m", "tests.tools.full_output", folder],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url},
        check=True,
    )
    return folder


@pytest.fixture(scope="module")
def results(folder: Path) -> Said:
    """The exit status and standard error of each run."""
    return {k: tuple(v) for k, v in json.loads((folder / "said.json").read_text()).items()}


def _names(group: click.Group, prefix: str = "") -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _names(command, f"{name} ")
        else:
            yield prefix + name


def test_each_command_is_run() -> None:
    assert set(_names(program)) - {"serve"} <= set(COMMANDS)


def test_the_commands_leave_nothing_beside_the_database(folder: Path) -> None:
    """Closing the last connection writes SQLite's log into the file, and deletes it."""
    files = {re.sub(r"\d{8}T\d{6}Z", "TIME", file.name) for file in (folder / "ł").iterdir()}
    assert files == {"signup.db", "signup.db.TIME"}  # The second is what `restore` replaced.
    assert not list(folder.glob("*-wal"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_behind_standard_output_is_said_on_one_line(
    results: Said, command: str
) -> None:
    assert results[f"{command}, full"] == FULL


@pytest.mark.parametrize("command", ["details export", "database current"])
def test_a_closed_pipe_ends_a_command_silently(results: Said, command: str) -> None:
    assert results[f"{command}, unread"] == (1, "")


def test_a_closed_standard_output_is_refused_where_the_output_is_the_purpose(results: Said) -> None:
    assert results["details export, closed"] == (1, "Error: Standard output: it is closed.\n")
    assert results["database current, closed"] == (0, "")


def test_an_encoding_that_lacks_a_character_is_said_on_one_line(results: Said) -> None:
    cause = "it can't hold all characters in latin-1: set PYTHONIOENCODING=utf-8"
    assert results["database current, latin-1"] == (1, f"Error: Standard output: {cause}.\n")
