"""`database upgrade`, `current` and `check`: a problem is printed, and the exit status is 1."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, make_url, text

from api.operator.common import NO_DATABASE
from api.storage.migrate import head
from api.storage.sqlite import PRAGMAS
from tests.actor import Someone
from tests.commanding import refusal, run
from tests.storage.test_database import empty_databases

CHECK = ("database", "check")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of each kind, shared with no other test."""
    for (url,) in empty_databases(request, tmp_path):
        yield url


def name_of(url: str) -> str:
    return url.removeprefix("sqlite:///").replace(":@", ":***@").partition("?")[0]


@pytest.fixture
def migrated(app: Flask, database_url: str) -> Callable[..., None]:
    """Migrate the database. Return a function that executes statements, bypassing the service."""
    done = run(app, "database", "upgrade")
    assert (done.exit_code, done.output) == (0, f"{name_of(database_url)} is at {head()}.\n")

    def change(*statements: str) -> None:
        engine = create_engine(database_url)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    return change


def test_an_upgraded_database_is_current_and_sound(
    app: Flask, migrated: Callable[..., None], database_url: str
) -> None:
    Someone(app.test_client()).signs_up("ada")
    name = name_of(database_url)
    assert run(app, "database", "current").output == (
        f"{name} is at {head()}, and this version's is {head()}.\n"
    )
    done = run(app, *CHECK)
    assert (done.exit_code, done.output) == (0, f"{name} is sound, and at {head()}.\n")
    assert run(app, "database", "upgrade").exit_code == 0
    assert Someone(app.test_client()).signs_up("ada").status_code == 409


def test_a_database_of_another_version_is_said(
    app: Flask, migrated: Callable[..., None], database_url: str
) -> None:
    name = name_of(database_url)
    migrated("UPDATE alembic_version SET version_num = '9999'")
    current = run(app, "database", "current")
    assert (current.exit_code, current.stdout, current.stderr) == (
        *(0, f"{name} is at 9999, and this version's is {head()}.\n"),
        "Upgrade it with: sign-up-api database upgrade\n",
    )
    assert refusal(app, *CHECK) == f"The schema is at 9999, and this version's is {head()}.\n"
    assert f"Error: {name} was made by a newer version" in refusal(app, "database", "upgrade")
    migrated("DELETE FROM alembic_version")
    assert "is at no revision," in run(app, "database", "current").stdout
    assert (
        refusal(app, *CHECK) == f"The schema is at no revision, and this version's is {head()}.\n"
    )


def test_a_schema_that_was_changed_is_said(app: Flask, migrated: Callable[..., None]) -> None:
    migrated(
        "DROP INDEX ix_user_details_account_id",
        "CREATE TABLE strange (id INTEGER PRIMARY KEY)",
        "ALTER TABLE accounts ADD COLUMN more INTEGER",
    )
    message = refusal(app, *CHECK).splitlines()
    prefix = "The schema isn't this version's, which would need: "
    assert sorted(line.removeprefix(prefix).rstrip(".") for line in message) == [
        "add_index ix_user_details_account_id",
        "remove_column accounts more",
        "remove_table strange",
    ]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_setting_that_only_the_operator_can_change_is_said(
    app: Flask, migrated: Callable[..., None], database_url: str
) -> None:
    database = make_url(database_url).database
    migrated(f"ALTER DATABASE {database} SET session_replication_role = replica")
    app.extensions["store"].close()
    consequence = "deleting an account would leave records that refer to it"
    message = (
        f"PostgreSQL's session_replication_role is replica: {consequence}. Set it to origin.\n"
    )
    assert refusal(app, *CHECK) == message


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_settings_that_sqlite_can_not_have_are_said(
    app: Flask, migrated: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    Someone(app.test_client()).signs_up("ada")  # The setting doesn't change an open connection.
    monkeypatch.setitem(PRAGMAS, "synchronous", 9)
    assert refusal(app, *CHECK) == "SQLite's synchronous isn't 9.\n"
    assert refusal(app, *CHECK).startswith("Error: SQLite's synchronous is ")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_damage_is_said(app: Flask, migrated: Callable[..., None], database_url: str) -> None:
    someone = Someone(app.test_client())
    for number in range(3):
        someone.signs_up(f"sam{number}")
        someone.gives_details()
    file = database_url.removeprefix("sqlite:///")
    app.extensions["store"].close()
    with closing(sqlite3.connect(file)) as database:
        # Simulate unenforced foreign keys, and an index that lost its rows.
        database.execute("UPDATE user_details SET account_id = 77 WHERE number = 2")
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'username_key VARCHAR(150) NOT NULL',"
            " 'username_key VARCHAR(150) NOT NULL CHECK (username_key <> ''sam1'')')"
            " WHERE name = 'accounts'"
        )
        database.commit()
    assert refusal(app, *CHECK).splitlines() == [
        "integrity_check: CHECK constraint failed in accounts",
        "foreign_key_check: row 2 of user_details refers to none of accounts.",
    ]


@pytest.mark.parametrize("command", [["current"], ["check"], ["copy", "sqlite:///other.db"]])
def test_a_database_that_can_not_be_asked_is_said(
    make_app_at: Callable[..., Flask], tmp_path: Path, command: list[str]
) -> None:
    app = make_app_at(f"sqlite:///{tmp_path / 'none.db'}")
    message = refusal(app, "database", *command)
    assert (
        message.endswith(f": unable to open database file.{NO_DATABASE}\n")
        and len(message.splitlines()) == 1
    )
    message = refusal(make_app_at("postgresql://sam:hunter2@127.0.0.1:1/n"), "database", *command)
    assert "refused" in message and len(message.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
