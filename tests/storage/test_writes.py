"""Concurrent writes share a transaction, and each one succeeds or fails by itself."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection, Table, event, exc, func, insert, select, update

from api.config import Settings
from api.header_fields import RETRY_HOURS
from api.storage import keys
from api.storage.database import MAX_SHARED_SECONDS, Database, open_engine
from api.storage.errors import may_have_succeeded
from api.storage.keys import Key, KeyTaken
from api.storage.tables import accounts, idempotency_keys, user_details
from tests.greenlets import concurrently, event_loop
from tests.pgbouncer import running as running_pooler

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
KEY = Key(b"k" * 32, b"f" * 32)
Work = Callable[[Connection], Any]


class Clock:
    """Python's module `time`, whose clock stands still."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of shared transactions, so that these don't end earlier on a busy machine."""
    clock = Clock()
    monkeypatch.setattr("api.storage.database.time", clock)
    return clock


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(open_engine(Settings(database_url=database_url, database_timeout=1)))
    yield database
    database.close()


def account(username: str) -> Work:
    key = username.lower()
    values = {"username": username, "username_key": key, "created_at": datetime.now(UTC)}
    return lambda connection: connection.execute(insert(accounts), values)


def details(**more: Any) -> Work:
    values = {
        "id": uuid4(),
        "username": "ada",
        "firstname": None,
        "lastname": "king",
        "account_id": None,
        "created_at": datetime.now(UTC),
    } | more
    return lambda connection: connection.execute(insert(user_details), values)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The first word of each executed statement."""
    seen: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def see(_c: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement.split(maxsplit=1)[0])

    yield seen
    event.remove(database.engine, "before_cursor_execute", see)


def write_together(database: Database, works: list[Work]) -> list[BaseException | None]:
    """Return each write's error. The writes are added at the same time, as by a server."""
    errors: list[BaseException | None] = [None] * len(works)

    def write(number: int) -> None:
        try:
            database.write(works[number])
        except Exception as error:
            errors[number] = error

    with event_loop():
        concurrently(*(partial(write, number) for number in range(len(works))))
    return errors


def count(database: Database, table: Table) -> int:
    number = select(func.count()).select_from(table)
    return database.read(lambda connection: connection.scalars(number).one())


def test_writes_that_are_added_at_the_same_time_share_a_transaction(database: Database) -> None:
    with statements(database) as seen:
        errors = write_together(database, [details() for _ in range(8)])
    assert errors == [None] * 8 and count(database, user_details) == 8
    assert seen.count("INSERT") == 8 and seen.count("COMMIT") == 1


def test_a_write_that_breaks_a_constraint_fails_alone(database: Database) -> None:
    same = uuid4()
    works = [details() for _ in range(8)]
    works[1], works[5] = details(id=same), details(id=same)
    works[3], works[7] = details(lastname=""), details(account_id=99)
    errors = write_together(database, works)
    failed = [number for number, error in enumerate(errors) if error]
    assert failed in ([3, 5, 7], [1, 3, 7])
    assert all(isinstance(error, exc.IntegrityError) for error in errors if error)
    assert count(database, user_details) == 5


def test_of_the_same_usernames_one_is_written(database: Database) -> None:
    errors = write_together(database, [account(n) for n in ("zoe", "ada", "bob", "ADA", "Zoe")])
    assert errors[2] is None
    assert sum(isinstance(error, exc.IntegrityError) for error in errors) == 2
    assert count(database, accounts) == 3


def test_a_value_that_the_database_does_not_store_fails_alone(database: Database) -> None:
    """PostgreSQL stores no NUL; SQLite does."""
    works = [details(), details(), details(lastname="a\0b"), details()]
    errors = write_together(database, works)
    refused = type(None) if database.is_sqlite else exc.DataError
    assert [type(error) for error in errors] == [type(None), type(None), refused, type(None)]
    assert count(database, user_details) == sum(error is None for error in errors)


def test_a_write_that_raises_is_rolled_back_alone(database: Database) -> None:
    def write_and_raise(connection: Connection) -> None:
        details()(connection)
        raise ZeroDivisionError

    errors = write_together(database, [details(), write_and_raise, details(), write_and_raise])
    assert [type(error) for error in errors] == [type(None), ZeroDivisionError] * 2
    assert count(database, user_details) == 2


def test_a_first_write_that_raises_does_not_harm_those_that_wait(database: Database) -> None:
    errors = write_together(database, [details(lastname=""), details(), details()])
    assert [type(error) for error in errors] == [exc.IntegrityError, type(None), type(None)]
    assert count(database, user_details) == 2


@ON_SQLITE
def test_while_another_process_has_the_lock_waiting_writes_fail_together(
    database: Database,
) -> None:
    """Otherwise a later write would wait for another full timeout."""
    with database.engine.connect() as another:
        another.exec_driver_sql("BEGIN IMMEDIATE")
        with statements(database) as seen:
            errors = write_together(database, [details() for _ in range(4)])
        another.rollback()
    assert [type(error) for error in errors] == [exc.OperationalError] * 4
    assert seen == ["BEGIN"]
    database.write(details())
    assert count(database, user_details) == 1


class LockTimeouts(list[object]):
    """The `lock_timeout` of each transaction in which `write` ran."""

    def write(self, connection: Connection) -> None:
        """Raise in the first transaction."""
        self.append(connection.exec_driver_sql("SHOW lock_timeout").scalar())
        if len(self) == 1:
            raise ZeroDivisionError


@ON_POSTGRESQL
@pytest.mark.parametrize("pooled", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_shared_transaction_waits_only_shortly_for_a_lock(
    database_url: str, pooled: bool
) -> None:
    """The one that a write gets after that waits for the whole timeout."""
    seen = LockTimeouts()
    with running_pooler(database_url) if pooled else nullcontext(database_url) as url:
        database = Database(open_engine(Settings(database_url=url, database_timeout=1)))
        assert write_together(database, [details(), seen.write]) == [None, None]
        assert count(database, user_details) == 1
        database.close()
    assert seen == ["50ms", "1s"]


@ON_SQLITE
def test_no_other_process_gets_the_lock_when_a_write_raises(database: Database) -> None:
    """Otherwise the writes of its group might wait for the lock again, and fail."""
    locked = list[str]()

    def write_and_raise(connection: Connection) -> None:
        details()(connection)
        raise ZeroDivisionError

    def lock(_c: Connection, cursor: Any, statement: str, *_: Any) -> None:
        file = cursor.connection.execute("PRAGMA database_list").fetchone()[2]
        with closing(sqlite3.connect(file, timeout=0)) as another, suppress(sqlite3.Error):
            another.execute("BEGIN IMMEDIATE")
            locked.append(statement)

    event.listen(database.engine, "after_cursor_execute", lock)
    errors = write_together(database, [details(), write_and_raise, details()])
    event.remove(database.engine, "after_cursor_execute", lock)
    assert [type(error) for error in errors] == [type(None), ZeroDivisionError, type(None)]
    assert locked == ["COMMIT"]


@ON_SQLITE
def test_after_sqlite_rolled_the_transaction_back_nothing_is_written(database: Database) -> None:
    """Otherwise the later writes of the group would each be committed, and the group fail."""

    def catch(connection: Connection) -> None:
        with suppress(exc.IntegrityError):
            connection.exec_driver_sql("INSERT OR ROLLBACK INTO user_details (id) VALUES (NULL)")

    errors = write_together(database, [details(), catch, details()])
    assert [type(error) for error in errors] == [RuntimeError] * 3
    assert count(database, user_details) == 0


@ON_SQLITE
@pytest.mark.parametrize("is_run_again", [False, True])
def test_the_error_with_which_sqlite_rolled_back_is_raised(
    database: Database, is_run_again: bool
) -> None:
    def write_and_raise(connection: Connection) -> None:
        raise ZeroDivisionError

    def roll_back(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT OR ROLLBACK INTO user_details (id) VALUES (NULL)")

    first = write_and_raise if is_run_again else details()
    errors = write_together(database, [first, roll_back, details()])
    assert [type(error) for error in errors] == [exc.IntegrityError] * 3
    assert count(database, user_details) == 0


@pytest.mark.parametrize("others", [0, 1])
def test_a_write_runs_twice_only_if_another_one_raises(database: Database, others: int) -> None:
    runs = list[int]()

    def write_and_raise(connection: Connection) -> None:
        runs.append(1)
        details()(connection)
        raise ZeroDivisionError

    errors = write_together(database, [write_and_raise, *[details()] * others])
    assert [type(error) for error in errors] == [ZeroDivisionError, *[type(None)] * others]
    assert len(runs) == 1 + others and count(database, user_details) == others


@ON_POSTGRESQL
def test_a_write_that_waits_long_for_a_lock_is_run_again_and_the_others_are_done(
    database: Database,
) -> None:
    same, outcomes = uuid4(), list[BaseException | None]()
    with database.engine.connect() as another:
        another.exec_driver_sql("BEGIN")
        details(id=same)(another)
        with statements(database) as seen:
            outcomes += write_together(database, [details(), details(id=same)])
            outcomes += write_together(database, [details(id=same)])
        another.rollback()
    refused = exc.OperationalError
    assert [type(error) for error in outcomes] == [type(None), refused, refused]
    alone = ["BEGIN", "INSERT"]
    assert seen == ["BEGIN", "INSERT", "INSERT", *alone, "COMMIT", *alone, *alone, *alone]


@ON_POSTGRESQL
def test_a_shared_transaction_that_takes_long_is_ended(database: Database, clock: Clock) -> None:
    """Otherwise each write of a group could take as long as `DATABASE_TIMEOUT`."""

    def take_long(connection: Connection) -> None:
        details()(connection)
        clock.seconds += 2 * MAX_SHARED_SECONDS

    with statements(database) as seen:
        errors = write_together(database, [details(), take_long, details(), details()])
    assert errors == [None] * 4 and count(database, user_details) == 4
    alone = ["BEGIN", "INSERT", "COMMIT"]
    assert seen == ["BEGIN", "INSERT", "INSERT", "COMMIT", *alone, *alone]


@ON_POSTGRESQL
def test_a_statement_that_times_out_is_not_run_again(database: Database) -> None:
    """It would take as long again, and so would the other writes."""

    def sleep(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_sleep(9)")

    with statements(database) as seen:
        errors = write_together(database, [sleep, details()])
    assert [type(error) for error in errors] == [exc.OperationalError] * 2
    assert seen == ["BEGIN", "SELECT"]


@ON_POSTGRESQL
def test_a_write_that_catches_the_error_of_a_statement_fails_alone(database: Database) -> None:
    """PostgreSQL answers its COMMIT with ROLLBACK, and no error."""

    def write(connection: Connection) -> None:
        details()(connection)
        with suppress(exc.IntegrityError):
            details(lastname="")(connection)

    errors = write_together(database, [details(), write])
    assert [type(error) for error in errors] == [type(None), RuntimeError]
    assert count(database, user_details) == 1


@ON_POSTGRESQL
@pytest.mark.parametrize("at", ["INSERT", "COMMIT"])
def test_writes_whose_connection_breaks_are_not_run_again(database: Database, at: str) -> None:
    """PostgreSQL may have committed them."""
    with statements(database) as seen:

        @event.listens_for(database.engine, "before_cursor_execute")
        def end_session(_c: Connection, cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith(at):
                with suppress(psycopg.OperationalError):
                    cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        errors = write_together(database, [details(), details()])
        event.remove(database.engine, "before_cursor_execute", end_session)
    assert [type(error) for error in errors] == [exc.OperationalError] * 2
    assert all(may_have_succeeded(error) for error in errors if isinstance(error, Exception))
    assert seen == ["BEGIN", "INSERT"] + ["INSERT", "COMMIT"] * (at == "COMMIT")
    assert count(database, user_details) == 0


@ON_POSTGRESQL
def test_a_connection_that_breaks_fails_only_the_writes_of_its_transaction(
    database: Database,
) -> None:
    def end_session(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    errors = write_together(database, [end_session, *(details() for _ in range(8))])
    assert [type(error) for error in errors] == [exc.OperationalError] * 8 + [type(None)]


def test_a_statement_that_returns_rows_is_committed(database: Database) -> None:
    """Outside a transaction, SQLite commits such a statement only when its rows are fetched."""
    database.write(account("ada"))
    rename = update(accounts).values(username="Ada").returning(accounts.c.username)
    assert database.write(lambda connection: connection.scalars(rename).one()) == "Ada"
    names = select(accounts.c.username)
    assert database.read(lambda connection: connection.scalars(names).all()) == ["Ada"]


def test_a_read_leaves_no_transaction_open(database: Database) -> None:
    """Otherwise SQLite could not truncate its log (-wal), which would grow without bound."""
    database.write(details())
    assert count(database, user_details) == 1
    if database.is_sqlite:
        with database.engine.connect() as connection:
            row = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        assert row[0] == 0
    else:
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%%'"
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql(sessions).scalar_one() == 0


def test_many_threads_each_read_their_own(database: Database) -> None:
    ids = [uuid4() for _ in range(20)]
    for each in ids:
        database.write(details(id=each))

    def find(id: Any) -> Any:
        query = select(user_details.c.id).where(user_details.c.id == id)
        return database.read(lambda connection: connection.scalars(query).one())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(find, ids * 20)) == ids * 20


@ON_SQLITE
def test_reads_that_are_added_at_the_same_time_share_a_connection(database: Database) -> None:
    """One that raises fails alone; SQLite's own error fails those that would also wait for it."""
    outcomes: list[object] = []

    def read(statement: str) -> None:
        try:
            found = database.read(lambda c: c.exec_driver_sql(statement).scalars().one())
            outcomes.append(found)
        except Exception as error:
            outcomes.append(type(error))

    checkouts: list[object] = []
    event.listen(database.engine, "checkout", lambda *_: checkouts.append(1))
    works = ["SELECT 1", "SELECT 2 WHERE 0", "SELECT 3", "SELECT wrong", "SELECT 5"]
    with event_loop(), statements(database) as seen:
        concurrently(*(partial(read, each) for each in works))
    assert outcomes == [1, exc.NoResultFound, 3, exc.OperationalError, exc.OperationalError]
    assert len(checkouts) == 1 and len(seen) == 4


def keyed(key: Key) -> Work:
    values = {"id": uuid4(), "created_at": datetime.now(UTC)}

    def write(connection: Connection) -> None:
        keys.claim(connection, key, values)
        details(**values)(connection)

    return write


def test_a_key_that_is_taken_keeps_its_row_from_being_written(database: Database) -> None:
    database.write(keyed(KEY))
    with pytest.raises(KeyTaken):
        database.write(keyed(KEY))
    database.write(keyed(Key(b"o" * 32, b"f" * 32)))
    assert (count(database, user_details), count(database, idempotency_keys)) == (2, 2)


def test_of_two_writes_with_the_same_key_one_is_done(database: Database) -> None:
    errors = write_together(database, [details(), keyed(KEY), keyed(KEY)])
    assert sorted(str(type(error)) for error in errors) == sorted(
        str(kind) for kind in (type(None), type(None), KeyTaken)
    )
    assert (count(database, user_details), count(database, idempotency_keys)) == (2, 1)


@ON_POSTGRESQL
def test_an_expired_key_that_another_transaction_deletes_is_not_waited_for(
    database: Database,
) -> None:
    """On SQLite only one transaction can write at a time."""
    old = datetime.now(UTC) - timedelta(hours=RETRY_HOURS, minutes=1)
    row = {"digest": b"old", "fingerprint": b"", "created_at": old}
    database.write(lambda connection: connection.execute(insert(idempotency_keys), row))
    with database.engine.connect() as another:
        another.execution_options(isolation_level="READ COMMITTED")
        another.execute(select(idempotency_keys).with_for_update())
        database.write(keyed(KEY))
        assert count(database, user_details) == 1
