"""Rows that wait at the same time are written together; what one does wrong is its own fault."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, Table, event, exc, func, select

from api.config import Settings
from api.storage.database import open_database
from api.storage.group_commit import GroupCommit
from api.storage.models import accounts, user_details


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(Settings(database_url=database_url, database_timeout=1))
    yield engine
    engine.dispose()


def account(username: str, **more: Any) -> dict[str, Any]:
    key = username.lower()
    return {"username": username, "username_key": key, "created_at": datetime.now(UTC)} | more


def details(**more: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "username": "ada",
        "firstname": None,
        "lastname": "king",
        "account_id": None,
        "created_at": datetime.now(UTC),
    } | more


@contextmanager
def statements(engine: Engine) -> Iterator[list[int]]:
    """How many rows each `INSERT` has."""
    seen: list[int] = []

    @event.listens_for(engine, "before_cursor_execute")
    def see(_c: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT"):
            seen.append(statement.count("), (") + 1)

    yield seen
    event.remove(engine, "before_cursor_execute", see)


def add_together(group: GroupCommit, rows: list[dict[str, Any]]) -> list[BaseException | None]:
    """Each row's error, all having waited while another was written."""
    begun, go_on = Event(), Event()
    write = group._write

    def write_late(rows: Any) -> Exception | None:
        begun.set()
        assert go_on.wait(60)
        return write(rows)

    group._write = write_late  # type: ignore[method-assign]
    with ThreadPoolExecutor(len(rows)) as pool:
        first = pool.submit(group.add, **rows[0])
        assert begun.wait(60)
        others = [pool.submit(group.add, **row) for row in rows[1:]]
        while len(group._waiting) < len(others):
            wait(others, timeout=0.01)
        go_on.set()
        return [future.exception(timeout=60) for future in (first, *others)]


def count(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_rows_that_wait_are_written_in_one_statement(engine: Engine) -> None:
    with statements(engine) as seen:
        outcome = add_together(GroupCommit(engine, user_details), [details() for _ in range(9)])
    assert outcome == [None] * 9 and seen == [1, 8] and count(engine, user_details) == 9


def test_a_row_that_breaks_a_constraint_fails_alone(engine: Engine) -> None:
    rows = [details() for _ in range(8)]
    rows[3]["lastname"] = ""
    rows[5]["id"] = rows[1]["id"]
    rows[7]["account_id"] = 99
    outcome = add_together(GroupCommit(engine, user_details), rows)
    failed = [number for number, error in enumerate(outcome) if error]
    assert failed in ([3, 5, 7], [1, 3, 7])
    assert all(isinstance(error, exc.IntegrityError) for error in outcome if error)
    assert count(engine, user_details) == 5


def test_of_two_that_are_the_same_one_is_written(engine: Engine) -> None:
    group = GroupCommit(engine, accounts, unique="username_key")
    rows = [account(name) for name in ("zoe", "ada", "bob", "ADA", "Zoe")]
    outcome = add_together(group, rows)
    assert outcome[2] is None
    assert sum(isinstance(error, exc.IntegrityError) for error in outcome) == 2
    assert count(engine, accounts) == 3


def test_a_row_that_the_database_cannot_take_fails_alone(engine: Engine) -> None:
    """PostgreSQL takes no NUL; SQLite does."""
    rows = [details(), details(), details(lastname="a\0b"), details()]
    outcome = add_together(GroupCommit(engine, user_details), rows)
    refused = exc.DataError if engine.dialect.name == "postgresql" else type(None)
    assert [type(error) for error in outcome] == [type(None)] * 2 + [refused, type(None)]
    assert count(engine, user_details) == sum(error is None for error in outcome)


def test_an_error_of_the_database_reaches_all_of_the_group_and_none_after(engine: Engine) -> None:
    group = GroupCommit(engine, user_details)
    with engine.connect() as another:
        if engine.dialect.name == "sqlite":
            another.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            another.execution_options(isolation_level="READ COMMITTED")
            another.exec_driver_sql("LOCK TABLE user_details")
        with statements(engine) as seen:
            outcome = add_together(group, [details() for _ in range(4)])
        another.rollback()
    assert [type(error) for error in outcome] == [exc.OperationalError] * 4
    assert seen == [1]  # Who came meanwhile doesn't wait as long once more.
    group.add(**details())
    assert count(engine, user_details) == 1
