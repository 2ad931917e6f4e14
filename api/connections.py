"""Connections that can be trusted: SQLite's set to keep what is acknowledged, none that hangs."""

import os
import sqlite3
import time
from contextlib import suppress
from typing import Any, cast
from urllib.parse import quote

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import Connection, Engine, QueuePool, event
from sqlalchemy.exc import DisconnectionError

from api.waiting import call

SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""What SQLite is set to, and must say of itself: WAL, FULL, on."""


class DatabaseError(Exception):
    """The database can't be used: the message says why, on one line."""


class Impatient(psycopg.Connection[Any]):
    """A connection to PostgreSQL that gives up on a server that says nothing any more."""

    patience: float

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return call(super().wait, gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("the server says nothing any more") from None


def connection_of(engine: Engine) -> Connection:
    """One of the pool; a new one is opened by a thread, since SQLAlchemy locks the first."""
    pool = cast("QueuePool", engine.pool)
    return engine.connect() if pool.checkedin() else call(engine.connect)


def connect_by(engine: Engine, seconds: float) -> None:
    """Let the engine connect so, and wait for nothing longer than about `seconds`."""
    if engine.dialect.name == "postgresql":
        # The server's own timeouts come first, and leave the connection in order.
        class Patient(Impatient):
            patience = seconds + 0.5

        def connect_patiently(_: Any, __: Any, args: Any, more: Any) -> Any:
            return call(Patient.connect, *args, **more)

        event.listen(engine, "do_connect", connect_patiently)
        return
    path = engine.url.database or ""

    def connect() -> sqlite3.Connection:
        # Never a new file in place of one that is gone: that is for `upgrade` to make.
        connection = sqlite3.connect(
            f"file:{quote(path)}?mode=rw", uri=True, timeout=seconds, check_same_thread=False
        )
        _set_pragmas(connection, seconds)
        return connection

    event.listen(engine, "do_connect", lambda *_: call(connect))
    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "connect", lambda _, record: record.info.update(file=_file(path)))
    event.listen(engine, "checkout", lambda _, record, __: _check_file(path, record.info["file"]))


def _execute(cursor: sqlite3.Cursor, statement: str, parameters: Any, _: Any) -> bool:
    """Wait for the lock and the disk where a statement writes; reading in WAL waits for nobody."""
    writes = not statement.startswith("SELECT")
    if writes:
        call(cursor.execute, statement, parameters)
    return writes


def _set_pragmas(connection: sqlite3.Connection, seconds: float) -> None:
    def now(name: str) -> Any:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    deadline = time.monotonic() + seconds
    for name, value in SQLITE_PRAGMAS.items():
        while now(name) != value:
            try:
                connection.execute(f"PRAGMA {name} = {value}")
                if now(name) != value:
                    raise DatabaseError(f"SQLite's {name} is {now(name)}, and can't be {value}.")
            except sqlite3.OperationalError:
                # SQLite doesn't wait for who else turns a new file to WAL at the same time.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _file(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _check_file(path: str, opened: tuple[int, int]) -> None:
    """What is written to a file that was moved or deleted would be acknowledged, and lost."""
    with suppress(FileNotFoundError):
        if _file(path) == opened:
            return
    raise DisconnectionError(f"{path} isn't the file that was opened")
