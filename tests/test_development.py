"""docs/development.md: the commands that change the contract print what the page says."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.pages import commands, outputs
from tests.serving import REPOSITORY

PAGE, CHANGE = "docs/development.md", "Change the contract"


def test_the_commands_that_change_the_contract(
    make_app_at: Callable[..., Flask],
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(REPOSITORY / "tests" / "contracts", "tests/contracts")
    runner = make_app_at(sqlite_url).test_cli_runner()

    def run(command: str, exit_code: int = 0) -> str:
        python, option, api, *arguments = shlex.split(command, comments=True)
        assert [python, option, api] == ["python", "-m", "api"]
        done = runner.invoke(args=arguments)
        assert done.exit_code == exit_code
        return done.stdout

    write, against = commands(PAGE, CHANGE)
    written, changes = outputs(PAGE, CHANGE)
    assert "".join(map(run, write.splitlines())) == written
    assert Path("openapi.yaml").read_bytes() == (REPOSITORY / "openapi.yaml").read_bytes()
    assert run(against, exit_code=1).startswith(changes)
