"""Connections that can be trusted: SQLite's set to keep what is acknowledged, none that hangs."""

import os
import sqlite3
import time
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import DisconnectionError

from api.postgresql import Session, execute_pooled, open_session
from api.sqlite_files import MISSING, Files
from api.threads import call, sleep

SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
"""What SQLite is set to, and must say of itself: WAL, FULL, on, and zeros in place of what was
deleted."""


class DatabaseError(Exception):
    """The database can't be used: the message says why, on one line."""


class _Connection(sqlite3.Connection):
    files: Files


def connect_by(engine: Engine, seconds: float) -> None:
    """Let the engine connect this way, and wait no longer than about `seconds` for anything."""
    if engine.dialect.name == "postgresql":

        class Timed(Session):
            timeout = seconds

        event.listen(
            engine, "do_connect", lambda _, __, args, more: open_session(Timed, args, more)
        )
        event.listen(engine, "do_execute", execute_pooled)
        return
    path = engine.url.database or ""

    def connect() -> sqlite3.Connection:
        files = Files(path)
        files.refuse_missing_log()
        # mode=rw never makes a new file in place of one that was deleted: `upgrade` makes it.
        uri = f"file:{quote(os.fsencode(path))}?mode=rw"
        connection = sqlite3.connect(
            uri, uri=True, timeout=seconds, check_same_thread=False, factory=_Connection
        )
        _set_pragmas(connection, seconds)
        connection.execute("PRAGMA schema_version")  # A new file has no log until it is read.
        try:
            files.remember()
        except OSError:  # This process still uses the deleted files by its other connections.
            connection.close()
            raise sqlite3.OperationalError(MISSING) from None
        connection.files = files
        return connection

    event.listen(engine, "do_connect", lambda *_: call(connect))
    event.listen(engine, "do_execute", _Turns(seconds).execute)
    # From now on it takes `_Turns`.
    event.listen(engine, "connect", lambda made, _: made.execute("PRAGMA busy_timeout = 0"))
    event.listen(engine, "handle_error", _open_again)
    event.listen(engine, "checkout", lambda made, _, __: check_file(made))


class _Turns:
    """Executes statements on SQLite, which has one lock for all who write: patiently, and fairly.

    SQLite's own way is to look for the lock ever less often, up to ten times a second. Whoever
    waited had to wait on, for 600 ms among 16 clients of two workers that each commit 500 times a
    second; looking as often as they commit, it is 25 ms.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def execute(self, cursor: Any, statement: str, parameters: Any, _: Any) -> bool:
        # Reading in WAL waits for nobody, and to hand it to a thread would take longer.
        if statement.startswith("SELECT"):
            return False
        call(self._persist, cursor, statement, parameters)
        cursor.connection.files.refuse_changed()
        return True

    def _persist(self, cursor: sqlite3.Cursor, statement: str, parameters: Any) -> None:
        deadline = time.monotonic() + self.seconds
        while True:
            try:
                cursor.execute(statement, parameters)
                return
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > deadline:
                    raise
            sleep(0.0003)


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
                sleep(0.01)


def _open_again(context: ExceptionContext) -> None:
    """SQLite opens a file that is read-only as such, and stays so once it may be written again."""
    code = getattr(context.original_exception, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_READONLY:
        context.is_disconnect, context.invalidate_pool_on_disconnect = True, False


def check_file(connection: Any) -> None:
    """Raise SQLAlchemy's `DisconnectionError` unless the files are still those that were opened.

    What is written to a file that was moved or deleted would be acknowledged, and lost. And what
    was opened for reading alone would stay so, once the file may be written.
    """
    files: Files = connection.files
    if not files.are_unchanged():
        with suppress(OSError, sqlite3.Error):
            files.rescue_log(connection)
        raise DisconnectionError(f"{files.path} isn't the file that was opened")
