"""The one way to the database: a function of a connection, run whole where it may block."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine, create_engine

from api.config import Settings
from api.storage import postgresql, sqlite
from api.storage.errors import describe_url
from api.threads import NativeThreads

T = TypeVar("T")

READERS = 4
"""Threads in which SQLite is read. More would compete for Python's lock, not read faster."""
MOST = 500
"""Writes that share a transaction, at most, so that other processes get the lock soon."""


def open_engine(settings: Settings) -> Engine:
    """Return an engine for the database of the settings; it connects when it is first used.

    It is in autocommit mode: each statement is a transaction of its own, unless `BEGIN` comes
    before it.
    """
    seconds = settings.database_timeout
    on_server = settings.url.get_backend_name() == "postgresql"
    session = {"connect_timeout": seconds, "client_encoding": "UTF8", "autocommit": True}
    engine = create_engine(
        settings.url,
        isolation_level="AUTOCOMMIT",
        connect_args=session if on_server else {},
        hide_parameters=True,  # They are about a person, and must not reach the log.
        pool_size=settings.threads,
        max_overflow=0 if on_server else 1,  # One more on SQLite, for the writer.
        pool_timeout=seconds,
        # A server that was restarted meanwhile is found again without losing a request.
        pool_pre_ping=on_server,
    )
    # Several rows go in one statement, on each database.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    (postgresql if on_server else sqlite).connect_by(engine, seconds)
    return engine


class _Write(Generic[T]):
    """A function that waits to be run, and then its result or error."""

    result: T

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        """Run the function; if it raises, undo what it wrote and nothing else."""
        driver = sqlite.driver_of(connection)  # SQLAlchemy takes ten times as long for this.
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
    """Runs functions of a connection, each whole: execute, fetch and commit.

    They run where they may block: on SQLite in native threads, because its calls block a thread. On
    PostgreSQL they run in the caller's, because psycopg suspends only the greenlet that waits.
    Nothing outside this package holds a connection for longer than such a function runs.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._readers, self._writer = NativeThreads(READERS), NativeThreads(1)
        self._waiting: deque[_Write[Any]] = deque()
        self._is_writing = Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def shown_url(self) -> str:
        """The database's file, or its URL without a secret."""
        return describe_url(self.engine)

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self.engine.dispose()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return `work(connection)`. Each of its statements sees what is committed by then.

        Raises SQLAlchemy's errors, `TimeoutError` among them if all connections are in use.
        """
        return self._readers.call(self._read, work) if self.is_sqlite else self._read(work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            return work(connection)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work(connection)` in a transaction, and return its result once that is on disk.

        If it raises, nothing of it is written. On SQLite the functions that wait at the same time
        share one transaction, and so one sync to disk. `work` must not call `write` itself, because
        there is one writer, which would wait for itself.
        """
        if not self.is_sqlite:
            return self._write(work)
        write = _Write(work)
        self._waiting.append(write)
        self._writer.call(self._write_waiting)
        if write.error:
            raise write.error
        return write.result

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            connection.exec_driver_sql(postgresql.BEGIN)
            result = work(connection)  # If it raises, the pool rolls back.
            connection.exec_driver_sql("COMMIT")
            return result

    def _write_waiting(self) -> None:
        """Run all functions that wait, if another call didn't, in one transaction."""
        with self._is_writing:  # Without an event loop several threads may call this.
            writes = self._take(MOST)
            if not writes:
                return
            try:
                with self.engine.connect() as connection:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                    for write in writes:
                        write.run(connection)
                    connection.exec_driver_sql("COMMIT")
            except BaseException as error:
                # A write that came meanwhile would wait as long once more, and fail the same way.
                for write in [*writes, *self._take()]:
                    write.error = error

    def _take(self, most: int | None = None) -> list[_Write[Any]]:
        number = len(self._waiting)
        return [self._waiting.popleft() for _ in range(min(number, most or number))]
