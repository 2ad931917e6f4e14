"""A password typed at a terminal is read twice, and never shown."""

import sys
from types import SimpleNamespace

import pytest
from click.testing import Result
from flask import Flask

from tests.actor import PASSWORD, Someone

NEW = "seven geese cross at X"


def typed(app: Flask, text: str) -> Result:
    return app.test_cli_runner().invoke(args=["accounts", "set-password", "ada"], input=text)


@pytest.fixture
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr("api.operator.accounts.sys", SimpleNamespace(stdin=terminal, exit=sys.exit))


@pytest.mark.usefixtures("_terminal")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_terminal_is_asked_twice_and_shows_nothing(app: Flask, ada: Someone) -> None:
    run = typed(app, f"{NEW}\n{NEW}\n")
    assert run.exit_code == 0 and run.output.split("\n")[:2] == [
        *("Password: ", "Repeat for confirmation: ")
    ]
    assert NEW not in run.output and ada.signs_in("ada", NEW).reads_own().status_code == 404
    assert "do not match" in typed(app, f"{NEW}\n{PASSWORD}\n").output


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_line_is_taken_to_its_last_character(app: Flask, ada: Someone) -> None:
    assert typed(app, f"{NEW}\n").exit_code == 0
    assert ada.signs_in("ada", NEW).reads_own().status_code == 404
    assert ada.signs_in("ada", NEW.rstrip("X")).reads_own().status_code == 401
    assert typed(app, "\x07\n").stderr == "Error: Give 15 to 256 characters.\n"
