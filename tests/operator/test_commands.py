"""`accounts set-password`: the password is read from standard input, and never shown."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from tests.actor import PASSWORD, Someone, assert_problem

NEW = "seven geese cross at dawn"


def set_password(app: Flask, username: str, given: str) -> Result:
    """Run `sign-up-api accounts set-password USERNAME` with this standard input."""
    run = app.test_cli_runner().invoke(args=["accounts", "set-password", username], input=given)
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    assert not given.strip() or given.strip() not in run.output
    return run


@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_an_account_signed_up_without_a_password_gets_one_and_signs_in(
    app: Flask, someone: Someone, ending: str
) -> None:
    assert someone.signs_up("bare").status_code == 200
    assert_problem(someone.signs_in("bare", NEW).reads_own(), 401)
    run = set_password(app, "bare", NEW + ending)
    assert (run.exit_code, run.stderr) == (0, "") and "bare" in run.stdout
    bare = someone.signs_in("bare", NEW)
    assert bare.gives_details(username="bare").status_code == 201
    assert bare.reads_own().get_json()["username"] == "bare"


def test_a_new_password_takes_the_old_ones_place(app: Flask, ada: Someone) -> None:
    assert ada.reads_own().status_code == 404
    assert set_password(app, "ADA", f"{NEW}\n").exit_code == 0  # Letter case is ignored.
    assert_problem(ada.reads_own(), 401)
    assert ada.signs_in("ada", NEW).reads_own().status_code == 404


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ("too short\n", "Give 15 to 256 characters."),
        ("", "Give 15 to 256 characters."),
        ("\n", "Give 15 to 256 characters."),
        ("x" * 257 + "\n", "Give 15 to 256 characters."),
        ("a bell\x07 rings at dawn\n", "Remove control characters"),
        ("passwordpassword\n", "This value is too common. Choose another."),
    ],
)
def test_a_password_that_breaks_its_rule_is_refused_with_the_forms_words(
    app: Flask, ada: Someone, given: str, rule: str
) -> None:
    run = set_password(app, "ada", given)
    assert run.exit_code != 0 and run.stdout == ""
    assert rule in run.stderr
    # The old password still works.
    assert ada.reads_own().status_code == 404
    form = ada.signs_up("bob", given.rstrip("\r\n"))
    assert rule in " ".join(form.get_json()["errors"]["password"])


@pytest.mark.parametrize("username", ["nobody", "no body", ""])
def test_an_unknown_username_is_said(app: Flask, ada: Someone, username: str) -> None:
    run = set_password(app, username, f"{NEW}\n")
    assert run.exit_code != 0 and run.stdout == ""
    assert f"There is no account of the name {username}" in run.stderr
    assert_problem(ada.signs_up("ada"), 409)


def test_the_password_is_in_no_log(
    app: Flask, ada: Someone, caplog: pytest.LogCaptureFixture
) -> None:
    """Checklist 31."""
    caplog.set_level("DEBUG")
    set_password(app, "ada", f"{NEW}\n")
    set_password(app, "nobody", f"{NEW}\n")
    ada.signs_in("ada", NEW).reads_own()
    assert NEW not in caplog.text and PASSWORD not in caplog.text


@pytest.mark.parametrize("place", ["another.db", "no/such/folder/signup.db"])
def test_a_database_that_can_not_be_asked_is_said_without_a_traceback(
    make_app_at: Callable[..., Flask], tmp_path: Path, place: str
) -> None:
    """As if the command runs in another folder than the service."""
    run = set_password(make_app_at(f"sqlite:///{tmp_path / place}"), "ada", f"{NEW}\n")
    assert run.exit_code != 0 and run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
