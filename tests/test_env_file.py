"""`.env`: the service and the commands read it alike, and `.env.example` lists every setting."""

import os
import textwrap
from pathlib import Path

import click
import flask.cli
import pytest
from click.testing import CliRunner
from dotenv import dotenv_values

from api.__main__ import program
from api.config import Settings, SettingsError, describe_settings
from api.env_file import load_settings
from tests.serving import REPOSITORY, serving, start

SECRET = "hunter2"
HEAD = """\
# The settings of the service and of its commands, with their defaults.
#
# Copy this file to .env in the directory in which you start them. To change a setting, remove the #
# before it. Variables of the environment override this file. Keep it secret if it has a password.
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, empty. Changes of the environment are undone."""
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    monkeypatch.setattr(os, "environ", os.environ.copy())
    return tmp_path / "folder"


def test_the_example_lists_every_setting_with_its_default_and_meaning() -> None:
    expected = HEAD
    for default, meaning in describe_settings():
        lines = textwrap.wrap(meaning, 98, break_on_hyphens=False, break_long_words=False)
        expected += "".join(["\n", *(f"# {line}\n" for line in lines), f"#{default}\n"])
    written = (REPOSITORY / ".env.example").read_text("utf-8")
    assert written == expected, expected


def test_the_examples_lines_are_the_defaults(folder: Path) -> None:
    text = (REPOSITORY / ".env.example").read_text("utf-8")
    lines = [line.removeprefix("#") for line in text.splitlines() if not line.startswith("# ")]
    (folder / ".env").write_text("\n".join(lines))
    assert load_settings() == Settings()
    assert len(dotenv_values(".env")) == len(describe_settings())


def test_the_file_of_the_repository_is_kept_out_of_git() -> None:
    ignored = (REPOSITORY / ".gitignore").read_text("utf-8").splitlines()
    assert ".env" in ignored and not {".env*", ".env.example"} & {*ignored}


def test_the_environment_overrides_the_file(folder: Path) -> None:
    (folder / ".env").write_text("PORT=8001\nTHREADS=9\nPGPASSWORD=hunter2\n")
    os.environ["PORT"] = "8002"
    settings = load_settings()
    assert (settings.port, settings.threads) == (8002, 9)
    assert os.environ["PGPASSWORD"] == SECRET


def test_without_a_file_the_environment_is_all_there_is(folder: Path) -> None:
    assert load_settings() == Settings.from_environ()


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfPORT=8001\r\n",
        b"export PORT = '8001' # of the docs\n\n# a comment\n",
        b"A=80\nPORT=${A}01",
    ],
)
def test_the_usual_ways_to_write_a_line_are_read(folder: Path, text: bytes) -> None:
    (folder / ".env").write_bytes(text)
    assert load_settings().port == 8001


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"PORT=8001\nhunter2", ".env, line 2: Write NAME=value."),
        (b"PORT=8001\nhunter2 x\n", ".env, line 2: Write NAME=value."),
        (b"PORT='hunter2", ".env, line 1: Write NAME=value."),
        (b"'hunter=2'=x", ".env, line 1: Write NAME=value."),
        (b"A=hunter2\xff", ".env: Save it in UTF-8."),
        ("PORT=1".encode("utf-16"), ".env: Save it in UTF-8."),
        (b"A=hunter2\0", ".env: Remove the NUL characters."),
        (b"PORT=hunter2", "PORT (in .env): Give a whole number from 1 to 65535."),
        (
            b"RATELIMIT_X=1\nDATABASE_URL='postgresql://sam:hunter2@db/x\n'x'",
            ".env, line 2: Write NAME=value.",
        ),
        (b"RATELIMIT_X=1", "RATELIMIT_X (in .env): There is no such setting."),
        (
            b'DOCS_ENABLED="tr\\tue"',
            "DOCS_ENABLED (in .env): Remove the control characters, such as line breaks.",
        ),
    ],
)
def test_an_invalid_file_is_refused_without_its_content(
    folder: Path, text: bytes, words: str
) -> None:
    (folder / ".env").write_bytes(text)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert refused.value.message == words


def test_a_variable_of_the_environment_is_not_said_to_be_in_the_file(folder: Path) -> None:
    (folder / ".env").write_text("PORT=8001")
    os.environ["PORT"] = "x"
    with pytest.raises(SettingsError, match=r"^PORT: Give a whole number"):
        load_settings()


@pytest.mark.parametrize("kind", ["directory", "loop"])
def test_a_file_that_can_not_be_read_is_refused(folder: Path, kind: str) -> None:
    if kind == "loop":
        (folder / ".env").symlink_to(".env")
    else:
        (folder / ".env").mkdir()
    advice = "Make it a file that this user may read, or remove it."
    with pytest.raises(SettingsError, match=rf"^[.]env: [A-Z][^.]+[.] {advice}$"):
        load_settings()
    assert CliRunner().invoke(program, ["--help"]).exit_code == 0


def run(command: click.Command, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


FLASK = "--app", "api", "database", "upgrade"


def test_both_programs_read_the_same_file(folder: Path) -> None:
    (folder / ".env").write_text("DATABASE_URL=sqlite:///of-file.db\n")
    for program_, arguments in (program, FLASK[2:]), (flask.cli.cli, FLASK):
        os.environ.pop("DATABASE_URL", None)
        status, said = run(program_, *arguments)
        assert (status, said.split()[0]) == (0, str(folder / "of-file.db"))


@pytest.mark.parametrize("place", ["../.env", ".flaskenv", "../.flaskenv"])
def test_flask_refuses_a_file_that_the_service_would_not_read(folder: Path, place: str) -> None:
    (folder / place).write_text("FLASK_X=1\n")
    assert run(flask.cli.cli, *FLASK)[0] == 0
    (folder / place).write_text("DATABASE_URL=sqlite:///hunter2.db\n")
    status, said = run(program, *FLASK[2:])
    assert (status, said.split()[0]) == (0, str(folder / "signup.db"))
    status, said = run(flask.cli.cli, *FLASK)
    file = (folder / place).resolve()
    assert status == 1 and f"Error: {file}: flask reads this file, but sign-up-api doesn't." in said
    assert SECRET not in said
    os.environ.pop("DATABASE_URL")
    os.environ["FLASK_SKIP_DOTENV"] = "1"
    assert run(flask.cli.cli, *FLASK)[0] == 0
    assert [file.name for file in folder.iterdir() if file.suffix == ".db"] == ["signup.db"]


def test_the_service_reads_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URL=sqlite:///of-file.db\nPORT=1\n")
    with serving(tmp_path) as server:
        assert server.startup_line.endswith(f"data in {tmp_path / 'of-file.db'}\n")


def test_the_service_does_not_start_with_an_invalid_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=hunter2\n")
    process = start(tmp_path)
    output, _ = process.communicate(timeout=60)
    log = (tmp_path / "server.log").read_text()
    words = "PORT (in .env): Give a whole number from 1 to 65535.\n"
    assert (process.returncode, output, log) == (1, "", words)
