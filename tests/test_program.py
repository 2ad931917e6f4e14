"""`sign-up-api`, also `python -m api`: its help, its commands, and what it imports."""

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from api import __version__
from api.__main__ import program
from api.commands import COMMANDS
from api.config import describe_settings
from tests.serving import REPOSITORY

UNPATCHED = "select selectors socket ssl subprocess asyncio flask sqlalchemy api.config api.serve"
"""Modules that may be imported only after gevent's patches."""
SERVING = """
import sys, gevent.monkey
def patch_all():
    sys.exit(" ".join({*%r.split()} & sys.modules.keys()) or "no such module")
gevent.monkey.patch_all = patch_all
from api.__main__ import program
program()
"""
STARTING = """
import sys
from api import create_app
from api.storage.migrate import upgrade
upgrade(create_app().extensions["store"].database.engine)
print(*sorted({"alembic", "psycopg", "api.operator.accounts"} & sys.modules.keys()))
"""


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, **environ: str) -> Result:
    """Run the program, and assert that it doesn't serve and makes no file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gevent.monkey.patch_all", lambda: pytest.fail("it serves"))
        done = CliRunner().invoke(program, arguments, prog_name="sign-up-api", env=environ)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert list(Path().iterdir()) == []
    return done


def in_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)


@pytest.mark.parametrize("arguments", ["--help", "-h", "serve --help", "serve -h"])
def test_the_help_lists_every_setting_with_its_default_and_its_meaning(arguments: str) -> None:
    done = run(*arguments.split())
    assert done.exit_code == 0 and done.stdout.startswith("Usage: sign-up-api ")
    words = " ".join(done.stdout.split())
    for default, meaning in describe_settings():
        assert default in words and meaning.partition(" ")[0] in words


def test_the_help_lists_every_command() -> None:
    said = run("--help").stdout
    assert all(f"\n  {name} " in said for name in [*COMMANDS, "serve"])


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout == f"sign-up-api {__version__}\n"
    done = subprocess.run(
        [sys.executable, "-m", "api", "--version"],
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"sign-up-api {__version__}\n", "")


@pytest.mark.parametrize("arguments", ["--port 8080", "nonsense", "serve now", "serve --port 1"])
def test_an_unknown_argument_is_a_usage_error(arguments: str) -> None:
    done = run(*arguments.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--help' for help" in done.stderr and done.stderr.count("Error: ") == 1


def test_the_name_of_the_console_script_is_that_of_this_program() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, name = project["scripts"]["sign-up-api"].partition(":")
    assert getattr(import_module(module), name) is program


def test_each_command_of_the_package_is_listed_with_the_first_sentence_of_its_help() -> None:
    found = {}
    for file in (REPOSITORY / "api" / "operator").glob("*.py"):
        command = getattr(import_module(f"api.operator.{file.stem}"), file.stem, None)
        if isinstance(command, click.Command):
            found[file.stem] = command.get_short_help_str(1000)
    assert {name: text.rstrip(".") for name, text in COMMANDS.items()} == {
        name: text.rstrip(".") for name, text in found.items()
    }


def complete(words: str) -> list[str]:
    """Return what bash would offer for the last word."""
    number = str(len(words.split(" ")) - 1)
    done = run(_SIGN_UP_API_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=number)
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_the_shell_completes_commands_and_options() -> None:
    assert "_SIGN_UP_API_COMPLETE" in run(_SIGN_UP_API_COMPLETE="bash_source").stdout
    assert complete("sign-up-api d") == ["database", "details"]
    assert complete("sign-up-api accounts s") == ["set-password", "show"]
    assert complete("sign-up-api openapi --a") == ["--against"]


@pytest.mark.parametrize("arguments", [[], ["serve"], ["serve", "--"]])
def test_gevents_patches_precede_other_imports(arguments: list[str]) -> None:
    assert in_python(SERVING % UNPATCHED, *arguments).stderr == "no such module\n"


def test_a_start_imports_nothing_that_only_a_command_or_another_database_needs() -> None:
    """A start on SQLite whose tables are this version's: that is most starts."""
    first, second = in_python(STARTING), in_python(STARTING)
    assert (first.stdout, first.stderr) == ("alembic\n", "")
    assert (second.stdout, second.stderr) == ("\n", "")
