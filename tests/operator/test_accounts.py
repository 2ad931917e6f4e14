"""`accounts list`, `show` and `delete`: their output, and the records of deleted accounts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from api.operator import common
from tests.actor import Someone, assert_problem
from tests.commanding import refusal, run

MOMENT = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{6}Z"


def test_all_accounts_are_listed_in_the_order_they_signed_up(
    app: Flask, ada: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "BATCH", 2)
    for name in ("Zoe", "bob", "carl", "dora"):
        ada.signs_up(name)
    listed = run(app, "accounts", "list")
    assert (listed.exit_code, listed.stderr) == (0, "")
    lines = [line.split("\t") for line in listed.stdout.splitlines()]
    assert [line[1:] for line in lines] == [
        *(["yes", "ada"], ["no", "Zoe"], ["no", "bob"], ["no", "carl"], ["no", "dora"])
    ]
    assert all(re.fullmatch(MOMENT, line[0]) for line in lines)


def test_where_nobody_signed_up_nothing_is_listed(app: Flask) -> None:
    listed = run(app, "accounts", "list")
    assert (listed.exit_code, listed.output) == (0, "")


def test_an_account_is_shown_without_its_hash(app: Flask, ada: Someone) -> None:
    ada.signs_up("Bare")
    for _ in range(2):
        assert ada.gives_details(username="ada").status_code == 201
    shown = run(app, "accounts", "show", "ADA")
    assert (shown.exit_code, shown.stderr) == (0, "")
    username, signed_up, *rest = shown.stdout.splitlines()
    assert [username, *rest] == ["username:  ada", "password:  yes", "records:   2"]
    assert re.fullmatch(f"signed up: {MOMENT}", signed_up)
    bare = run(app, "accounts", "show", "bare").stdout.splitlines()
    assert [bare[0], *bare[2:]] == ["username:  Bare", "password:  no", "records:   0"]


def test_a_deleted_accounts_records_stay_readable_by_their_links(app: Flask, ada: Someone) -> None:
    link = ada.gives_details(username="ada").headers["Location"]
    asked = run(app, "accounts", "delete", "Ada", input="y\n")
    assert asked.exit_code == 0
    assert "Delete ada? 1 record will belong to no account. [y/N]" in asked.stdout
    assert "ada is deleted; 1 record will belong to no account." in asked.stdout
    assert_problem(ada.reads_own(), 401)
    assert ada.reads(link, auth=None).get_json()["username"] == "ada"
    # A new account with the same name has none of the records.
    assert ada.signs_up("ada", ada.auth[1] if ada.auth else None).status_code == 200
    assert_problem(ada.reads_own(), 404)


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_confirmation_nothing_is_deleted(app: Flask, ada: Someone, answer: str) -> None:
    asked = run(app, "accounts", "delete", "ada", input=answer)
    assert asked.exit_code == 1 and "Aborted!" in asked.stderr
    assert ada.reads_own().status_code == 404


def test_with_yes_nobody_is_asked(app: Flask, ada: Someone) -> None:
    done = run(app, "accounts", "delete", "ada", "--yes")
    message = "ada is deleted; 0 records will belong to no account.\n"
    assert (done.exit_code, done.output) == (0, message)
    assert_problem(ada.reads_own(), 401)


@pytest.mark.parametrize("command", [["show"], ["delete"], ["delete", "--yes"]])
def test_an_account_that_is_not_there_is_said(app: Flask, ada: Someone, command: list[str]) -> None:
    message = refusal(app, "accounts", *command, "nobody", input="y\n")
    assert message == "Error: There is no account of the name nobody.\n"
    assert ada.reads_own().status_code == 404


@pytest.mark.parametrize("command", [["list"], ["show", "ada"], ["delete", "ada", "--yes"]])
def test_a_database_that_is_not_there_is_said(
    make_app_at: Callable[..., Flask], tmp_path: Path, command: list[str]
) -> None:
    app = make_app_at(f"sqlite:///{tmp_path / 'none.db'}")
    message = refusal(app, "accounts", *command)
    assert (
        message
        == f"Error: {tmp_path / 'none.db'}: unable to open database file.{common.NO_DATABASE}\n"
    )
    nowhere = make_app_at("postgresql://sam:hunter2@127.0.0.1:1/sam")
    message = refusal(nowhere, "accounts", *command)
    assert message.startswith("Error: postgresql+psycopg://sam:***@127.0.0.1:1/sam: ")
    assert len(message.splitlines()) == 1
