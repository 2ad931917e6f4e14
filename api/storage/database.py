"""Access to the database: functions of a connection, each run as a whole where it may block."""

from collections import deque
from collections.abc import Callable
from importlib import import_module
from threading import Lock
from typing import Any, Generic, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine

from api.config import Settings
from api.storage import sqlite
from api.storage.errors import describe_url
from api.storage.transactions import BEGIN
from api.threads import NativeThreads, ThreadsExhausted

T = TypeVar("T")

READERS = 4
"""Threads in which SQLite is read."""
MAX_BATCH = 500
"""Maximum number of writes in a transaction, so that other processes get the lock soon."""


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


class _Write(Generic[T]):
    """A queued function, which has a result or an error after its run."""

    result: T

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        """Run the function in a savepoint, which is rolled back if the function raises."""
        driver = sqlite.driver_of(connection)  # SQLAlchemy's savepoints take ten times as long.
        driver.execute("SAVEPOINT write")
        try:
            self.result = self.work(connection)
        except Exception as error:
            # SQLite rolls the whole transaction back when the disk is full, for example.
            if connection.invalidated or not driver.in_transaction:
                raise
            driver.execute("ROLLBACK TO write")
            self.error = error
        driver.execute("RELEASE write")


class Database:
    """Runs functions of a connection, each as a whole: execute, fetch and commit.

    On SQLite they run in native threads, because its calls block a thread. On PostgreSQL they run
    in the calling thread, because psycopg suspends only the greenlet that waits. Outside this
    package, only these functions use a connection.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._readers, self._writer = NativeThreads(READERS), NativeThreads(1)
        self._queue: deque[_Write[Any]] = deque()
        self._write_lock = Lock()

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

        Raises SQLAlchemy's errors: `TimeoutError` if all connections are in use.
        """
        return self._readers.call(self._read, work) if self.is_sqlite else self._read(work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            return work(connection)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work(connection)` in a transaction, and return its result after the commit.

        If it raises, its writes are rolled back. On SQLite, functions that are queued at the same
        time share a transaction, and so one sync to disk. `work` must not call `write` itself,
        because there is one writer, which would wait for itself. Raises `ThreadsExhausted`.
        """
        if not self.is_sqlite:
            return self._write(work)
        write = _Write(work)
        self._queue.append(write)
        try:
            self._writer.call(self._write_queued)
        except ThreadsExhausted:
            self._queue.remove(write)  # Otherwise a later call would run it.
            raise
        if write.error:
            raise write.error
        return write.result

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            connection.exec_driver_sql(BEGIN)
            result = work(connection)  # If it raises, the pool rolls back.
            connection.exec_driver_sql("COMMIT")
            return result

    def _write_queued(self) -> None:
        """Run all queued functions in one transaction, unless another call has run them."""
        with self._write_lock:  # Without an event loop several threads may call this.
            writes = self._take(MAX_BATCH)
            if not writes:
                return
            try:
                with self.engine.connect() as connection:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                    for write in writes:
                        write.run(connection)
                    connection.exec_driver_sql("COMMIT")
            except BaseException as error:
                # Writes queued meanwhile would wait as long again, and fail in the same way.
                for write in [*writes, *self._take()]:
                    write.error = error

    def _take(self, maximum: int | None = None) -> list[_Write[Any]]:
        number = len(self._queue)
        return [self._queue.popleft() for _ in range(min(number, maximum or number))]
