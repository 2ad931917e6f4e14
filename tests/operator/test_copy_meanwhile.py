"""`database copy` during writes and reads, targets that it refuses, and errors at its end."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from api.operator.target import TABLES, add
from tests.actor import Someone, assert_problem
from tests.commanding import database_contents, refusal, run
from tests.operator.test_copy import of, target
from tests.test_config_said import MEMORY

__all__ = ["target"]

COPY = ("database", "copy")
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TO_SQLITE = pytest.mark.parametrize("target", ["sqlite"], indirect=True)


def assert_no_writer_gets_in(url: str) -> None:
    """Assert that a writer can't get the lock at all."""
    if url.startswith("sqlite"):
        options, wanted, message = {"timeout": 0}, "BEGIN IMMEDIATE", "locked"
    else:
        wanted, message = "LOCK accounts IN ROW EXCLUSIVE MODE NOWAIT", "could not obtain lock"
        options = {}
    engine = create_engine(url, poolclass=NullPool, connect_args=options)
    with engine.connect() as another, pytest.raises(OperationalError, match=message):
        another.exec_driver_sql(wanted)


@TO_SQLITE
def test_writes_are_refused_meanwhile_and_reads_are_served(
    make_app: Callable[..., Flask], database_url: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PostgreSQL has no timeout of zero, so it gets one second.
    app = make_app(database_timeout=int(database_url.startswith("postgresql")))
    someone = Someone(app.test_client())
    link = someone.gives_details().headers["Location"]
    asked = list[str]()

    def ask_and_insert(*arguments: Any, **more: Any) -> None:
        assert_problem(someone.signs_up("bob"), 503)
        assert someone.reads(link).status_code == 200
        asked.append("while it copies")
        add(*arguments, **more)

    def press_enter() -> str:
        assert_no_writer_gets_in(of(app))
        assert someone.reads(link).status_code == 200
        asked.append("while it holds")
        return "\n"

    stdin = SimpleNamespace(readline=press_enter)
    monkeypatch.setattr("api.operator.database.sys", SimpleNamespace(stdin=stdin))
    monkeypatch.setattr("api.operator.copying.add", ask_and_insert)
    done = run(app, *COPY, "--hold", target)
    assert asked == ["while it copies", "while it holds"]
    message = "Writes are refused. Stop the service, then press Enter.\n"
    assert (done.exit_code, done.stderr) == (0, message)
    assert someone.signs_up("bob").status_code == 200


@SQLITE
def test_writes_to_the_target_during_a_copy_are_noticed(
    app: Flask, ada: Someone, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:

    def insert_and_meddle(connection: Connection, **more: Any) -> None:
        add(connection, **more)
        if target.startswith("sqlite"):
            connection.execute(text("UPDATE accounts SET username = 'ADA'"))
        else:
            connection.execute(text("DELETE FROM accounts"))

    with monkeypatch.context() as patch:
        patch.setattr("api.operator.copying.add", insert_and_meddle)
        message = refusal(app, *COPY, target)
    assert "accounts has " in message and message.endswith("what writes to it, and copy again.\n")
    assert database_contents(target)["revision"] != database_contents(of(app))["revision"]
    # The next run repairs it.
    assert run(app, *COPY, target).exit_code == 0
    assert database_contents(target) == database_contents(of(app))


@SQLITE
def test_a_target_that_holds_anything_is_left_as_it_is(
    app: Flask, ada: Someone, target: str, make_app_at: Callable[..., Flask], tmp_path: Path
) -> None:
    assert run(app, *COPY, target).exit_code == 0
    before = database_contents(target)
    assert "isn't empty: give a database with nothing in it." in refusal(app, *COPY, target)
    assert database_contents(target) == before
    # An unfinished copy of another database is not empty either.
    engine = create_engine(target)
    with engine.begin() as connection:
        for statement in (
            "DELETE FROM accounts",
            "UPDATE alembic_version SET version_num = 'copy'",
        ):
            connection.execute(text(statement))
    assert "isn't empty" in refusal(app, *COPY, target)
    with engine.begin() as connection:
        for name in (*TABLES[::-1], "alembic_version"):
            connection.execute(text(f"DROP TABLE {name}"))
        connection.execute(text("CREATE TABLE theirs (id INTEGER PRIMARY KEY)"))
    assert "isn't empty" in refusal(app, *COPY, target)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE theirs"))
    engine.dispose()
    # A migrated database without rows is accepted.
    assert run(make_app_at(target), "database", "upgrade").exit_code == 0
    assert run(app, *COPY, target).exit_code == 0
    assert database_contents(target) == before


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("postgresql://sam:hunter2@127.0.0.1:1/sam", 1, "refused"),
        ("sqlite:////no/such/folder/signup.db", 1, "/no/such/folder/signup.db: No such file"),
        ("mysql://sam:hunter2@db/sam", 2, "Use sqlite:/// or postgresql+psycopg://."),
        ("sqlite://", 2, MEMORY),
        ("hunter2", 2, "Give a URL such as sqlite:///signup.db."),
    ],
)
@SQLITE
def test_a_target_that_can_not_be_used_is_said(app: Flask, url: str, code: int, words: str) -> None:
    message = refusal(app, *COPY, url, code=code)
    assert words in message and ("TO_URL" in message) == (code == 2)


@SQLITE
def test_a_database_that_can_not_be_copied_is_reported(
    app: Flask, ada: Someone, target: str
) -> None:
    assert "This is the database itself." in refusal(app, *COPY, of(app), code=2)
    with closing(sqlite3.connect(of(app).removeprefix("sqlite:///"))) as another:
        another.execute("CREATE TABLE theirs (id INTEGER PRIMARY KEY)")
        message = refusal(app, *COPY, target)
        assert "can't be copied. The schema isn't this version's" in message and "theirs" in message
    assert not target.startswith("sqlite") or not Path(target.removeprefix("sqlite:///")).exists()
