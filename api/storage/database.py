"""Access to the database: functions of a connection, each run as a whole where it may block."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import OperationalError

from api.config import Settings
from api.storage import sqlite
from api.storage.errors import describe_url, is_lock_failure
from api.storage.transactions import BEGIN, BEGIN_SHARED
from api.threads import GroupedCalls, NativeThreads

T = TypeVar("T")

MAX_GROUP = 500
"""Maximum number of reads or writes in a group, so that other processes get SQLite's lock soon."""
MAX_GROUP_ON_POSTGRESQL = 8
"""The same for writes on PostgreSQL, because those of a group wait for each other's round trips."""
PATIENCE = 0.005
"""Seconds after which a group on PostgreSQL no longer delays the next one."""
MAX_SHARED_SECONDS = 0.05
"""Seconds after which a transaction on PostgreSQL runs no further function of its group."""


def open_engine(settings: Settings, url: URL | None = None) -> Engine:
    """Return an engine for the database at `url`, or for that of the settings.

    It connects when it is first used.

    It is in autocommit mode: each statement is a transaction of its own, unless `BEGIN` comes
    before it.
    """
    seconds = settings.database_timeout
    url = url or settings.url
    is_postgresql = url.get_backend_name() == "postgresql"
    session = {"connect_timeout": seconds, "client_encoding": "UTF8", "autocommit": True}
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        connect_args=session if is_postgresql else {},
        hide_parameters=True,  # Parameters are personal data, which must not reach the log.
        pool_size=settings.threads,
        max_overflow=0 if is_postgresql else 1,  # One more on SQLite, for the writer.
        pool_timeout=seconds,
        # Replaces connections that a restarted server has closed, so that no request fails.
        pool_pre_ping=is_postgresql,
    )
    if is_postgresql:
        # psycopg is imported only if the database is PostgreSQL.
        import_module("api.storage.postgresql").use_sessions(engine, seconds)
    else:
        sqlite.use_connections(engine, seconds)
    return engine


class _Work(Generic[T]):
    """A function of a connection, and what it returned or raised."""

    result: T

    def __init__(self, function: Callable[[Connection], T]) -> None:
        self.function = function
        self.error: Exception | None = None
        self.must_run_alone = False
        """Whether `Database.write` must run it, because its group didn't, or was rolled back."""

    def run(self, connection: Connection) -> None:
        try:
            self.result = self.function(connection)
        except Exception as error:
            self.error = error

    def run_in_savepoint(self, connection: Connection) -> None:
        """Run the function. If it raises, roll back what it wrote."""
        driver = sqlite.driver_of(connection)  # SQLAlchemy's savepoints take ten times as long.
        driver.execute("SAVEPOINT write")
        try:
            self.result = self.function(connection)
        except Exception as error:
            if _is_rolled_back(connection):
                raise
            driver.execute("ROLLBACK TO write")
            self.error = error
        driver.execute("RELEASE write")

    def outcome(self) -> T:
        if self.error:
            raise self.error
        return self.result


class Database:
    """Runs functions of a connection, each as a whole: execute, fetch and commit.

    On SQLite they run in two native threads, one that reads and one that writes, because its calls
    block a thread. On PostgreSQL they run in the event loop's thread, because psycopg suspends only
    the greenlet that waits. Outside this package, only these functions use a connection.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        if self.is_sqlite:
            reader, writer = NativeThreads(1), NativeThreads(1)
            self._reads = GroupedCalls[_Work[Any]](
                lambda reads: reader.call(self._read_from_sqlite, reads), MAX_GROUP
            )
            self._writes = GroupedCalls[_Work[Any]](
                lambda writes: writer.call(self._write_to_sqlite, writes), MAX_GROUP
            )
        else:
            self._writes = GroupedCalls(
                self._write_to_postgresql, MAX_GROUP_ON_POSTGRESQL, PATIENCE
            )

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def shown_url(self) -> str:
        """The path of SQLite's file, or the URL of PostgreSQL without secrets."""
        return describe_url(self.engine)

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self.engine.dispose()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return `work(connection)`. Each statement sees everything that was committed before it.

        `work` must fetch all rows that it selects. Raises SQLAlchemy's errors: `TimeoutError` if
        all connections are in use.
        """
        if not self.is_sqlite:
            with self.engine.connect() as connection:
                return work(connection)
        read = _Work(work)
        self._reads.add(read)
        return read.outcome()

    def _read_from_sqlite(self, reads: list[_Work[Any]]) -> None:
        with self.engine.connect() as connection:
            for number, read in enumerate(reads):
                read.run(connection)
                if isinstance(read.error, OperationalError):
                    # The others would likely wait as long for the same error.
                    for other in reads[number + 1 :]:
                        other.error = read.error
                    return

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work(connection)` in a transaction, and return its result after the commit.

        If it raises, its writes are rolled back. Functions that are added at the same time share a
        transaction, and so one sync to disk. `work` must not call `write`: on SQLite that would
        wait for itself. It may run a second time, after a rollback, so it must change nothing but
        the database. Raises SQLAlchemy's errors, and on SQLite `ThreadsExhausted`.
        """
        write = _Work(work)
        self._writes.add(write)
        if write.must_run_alone:
            with self.engine.connect() as connection:
                connection.exec_driver_sql(BEGIN)
                write.result = work(connection)  # If it raises, the pool rolls back.
                _refuse_failed_transaction(connection)
                connection.exec_driver_sql("COMMIT")
        return write.outcome()

    def _write_to_sqlite(self, writes: list[_Work[Any]]) -> None:
        """Run the functions in one transaction. If one raises, run each again in a savepoint.

        Savepoints take two more statements for each function, and few functions raise.
        """
        with self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            driver = sqlite.driver_of(connection)
            driver.execute("SAVEPOINT writes")  # To roll back to, without losing the lock.
            try:
                for write in writes:
                    write.result = write.function(connection)
                    if _is_rolled_back(connection):
                        raise RuntimeError("the transaction ended: nothing is written")
            except Exception as error:
                if _is_rolled_back(connection):
                    raise
                driver.execute("ROLLBACK TO writes")
                if len(writes) == 1:
                    writes[0].error = error
                else:
                    for write in writes:
                        write.run_in_savepoint(connection)
            connection.exec_driver_sql("COMMIT")

    def _write_to_postgresql(self, writes: list[_Work[Any]]) -> None:
        """Run the functions in one transaction. If one raises, all are rolled back to run alone.

        Savepoints would take two more round trips for each function. Raises the errors that a
        second run would repeat, and those of COMMIT, which may have succeeded.
        """
        with self.engine.connect() as connection:
            connection.exec_driver_sql(BEGIN_SHARED)
            until = time.monotonic() + MAX_SHARED_SECONDS
            try:
                for number, write in enumerate(writes):
                    if time.monotonic() > until:
                        _leave_to_run_alone(writes[number:])
                        break
                    write.result = write.function(connection)
                _refuse_failed_transaction(connection)
            except Exception as error:
                others_may_succeed = len(writes) > 1 and not isinstance(error, OperationalError)
                if not (others_may_succeed or is_lock_failure(error)):
                    raise
                _leave_to_run_alone(writes)  # The pool rolls back.
                return
            connection.exec_driver_sql("COMMIT")


def _is_rolled_back(connection: Connection) -> bool:
    """Return whether SQLite has rolled back the transaction, as it does when the disk is full."""
    return connection.invalidated or not sqlite.driver_of(connection).in_transaction


def _leave_to_run_alone(writes: list[_Work[Any]]) -> None:
    for write in writes:
        write.must_run_alone = True


def _refuse_failed_transaction(connection: Connection) -> None:
    """Raise `RuntimeError` if PostgreSQL would roll back at COMMIT, without an error.

    It does so after a statement failed, if `work` caught the error.
    """
    driver: Any = connection.connection.dbapi_connection
    if driver.info.transaction_status.name == "INERROR":
        raise RuntimeError("a statement failed and its error was caught: nothing is written")
