"""Connections to SQLite: their durable settings, and how they wait for the write lock."""

import os
import sqlite3
import time
from contextlib import suppress
from typing import Any, cast
from urllib.parse import quote

from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.exc import DisconnectionError

from api.storage.errors import DatabaseError
from api.storage.sqlite_files import Files
from api.threads import sleep

PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
"""The settings of each connection: WAL, FULL, on, and deleted content is overwritten with zeros."""

_RETRY = 0.0003
"""Seconds between two attempts to get the write lock: about the duration of a commit."""


class _Connection(sqlite3.Connection):
    files: Files


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection."""
    return cast("_Connection", connection.connection.dbapi_connection)


def use_connections(engine: Engine, seconds: float) -> None:
    """Let the engine open such connections, which wait for the lock for about `seconds`."""
    path = engine.url.database or ""

    def connect(*_: Any) -> sqlite3.Connection:
        files = Files(path)
        files.refuse_missing_log()
        # mode=rw never creates a file in place of a deleted one. Only `upgrade` creates the file.
        uri = f"file:{quote(os.fsencode(path))}?mode=rw"
        connection = sqlite3.connect(
            uri, uri=True, timeout=seconds, check_same_thread=False, factory=_Connection
        )
        _set_pragmas(connection, seconds)
        # SQLite creates the log when the file is first read.
        connection.execute("PRAGMA schema_version")
        try:
            files.remember()
        except sqlite3.OperationalError:  # Other connections may still use the other files.
            connection.close()
            raise
        connection.files = files
        # From now on `execute` waits for the lock.
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def execute(cursor: Any, statement: str, parameters: Any, _: Any) -> bool:
        """Execute the statement. Retry it while another connection has the write lock.

        SQLite's own busy handler waits longer before each retry, up to 100 ms. With it, a process
        waited 600 ms for the lock while another one committed 500 times a second.
        """
        connection = cast("_Connection", cursor.connection)
        deadline = time.monotonic() + seconds
        while True:
            try:
                cursor.execute(statement, parameters)
                break
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > deadline:
                    raise
            sleep(_RETRY)
        if not connection.in_transaction and not statement.startswith("SELECT"):
            connection.files.refuse_changed()
        return True

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "do_execute", execute)
    event.listen(engine, "handle_error", _reopen_read_only)
    event.listen(engine, "checkout", lambda made, _, __: check_files(made))


def _set_pragmas(connection: sqlite3.Connection, seconds: float) -> None:
    def value_of(name: str) -> Any:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    deadline = time.monotonic() + seconds
    for name, value in PRAGMAS.items():
        while value_of(name) != value:
            try:
                connection.execute(f"PRAGMA {name} = {value}")
                if value_of(name) != value:
                    raise DatabaseError(
                        f"SQLite's {name} is {value_of(name)}, and can't be {value}."
                    )
            except sqlite3.OperationalError:
                # SQLite doesn't wait while another connection changes a new file to WAL.
                if time.monotonic() > deadline:
                    raise
                sleep(0.01)


def _reopen_read_only(context: ExceptionContext) -> None:
    """Close a connection that is read-only, because it stays so when the file becomes writable."""
    code = getattr(context.original_exception, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_READONLY:
        context.is_disconnect, context.invalidate_pool_on_disconnect = True, False


def check_files(connection: Any) -> None:
    """Raise SQLAlchemy's `DisconnectionError` if the files aren't those that were opened.

    A write to a moved or deleted file would be acknowledged and lost. And a connection to a file
    that was read-only stays read-only.
    """
    files: Files = connection.files
    if not files.are_unchanged():
        with suppress(OSError, sqlite3.Error):
            files.rescue_log(connection)
        raise DisconnectionError(f"{files.path} isn't the file that was opened")
