"""Open the database, SQLite or PostgreSQL, migrate it, and delete what has expired."""

import logging
import os
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError

from api.config import Settings
from api.storage.connections import DatabaseError, connect_by
from api.storage.keyed_writes import PURGE, expired_at
from api.storage.models import idempotency_keys as keys
from api.storage.pool import Pool, connection_of
from api.storage.postgresql import BEGIN

BATCH = 1000
"""Expired keys that are deleted in one transaction at start, so that the lock isn't held long."""
PURGE_TIME = 10
"""Seconds for which a start is delayed by that; keyed writes and later starts delete the rest."""
_log = logging.getLogger(__name__)

# One instance migrates; the others wait for the lock, and then find nothing left to migrate.
_MIGRATION_LOCKS = {
    "sqlite": ["BEGIN IMMEDIATE"],
    "postgresql": [BEGIN, "SELECT pg_advisory_xact_lock(hashtext('sign-up migrations'))"],
}


def open_database(settings: Settings) -> Engine:
    """An engine for the database of the settings; it connects when it is first used.

    Each statement is a transaction of its own (autocommit), since each change here is one
    statement: less to go wrong, and on PostgreSQL one round trip in place of three.
    """
    seconds = settings.database_timeout
    on_server = settings.url.get_backend_name() == "postgresql"
    session = {"connect_timeout": seconds, "client_encoding": "UTF8", "autocommit": True}
    engine = create_engine(
        settings.url,
        isolation_level="AUTOCOMMIT",
        connect_args=session if on_server else {},
        hide_parameters=True,  # They are about a person, and must not reach the log.
        poolclass=Pool,
        pool_size=settings.threads,
        max_overflow=0,
        pool_timeout=seconds,
        # A server that was restarted meanwhile is found again without losing a request.
        pool_pre_ping=on_server,
    )
    # Several rows go in one statement, on each database.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    connect_by(engine, seconds)
    return engine


def where(engine: Engine) -> str:
    """Return the database's file or URL to be shown: without a secret, and valid UTF-8.

    A query may hold a secret too. A folder's name may be bytes that are no text.
    """
    if engine.dialect.name == "sqlite":
        name = str(engine.url.database).encode(errors="surrogateescape")
        return name.decode(errors="backslashreplace")
    return engine.url.set(query={}).render_as_string()


def why(error: Exception) -> str:
    """What the database says, on one line: those that follow may tell of a person."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0]


def may_be_done(error: Exception) -> bool:
    """Whether the database may have done all the same what it was asked: it broke off."""
    if isinstance(code := getattr(getattr(error, "orig", None), "sqlite_errorcode", None), int):
        return code & 0xFF == sqlite3.SQLITE_IOERR
    return bool(getattr(error, "connection_invalidated", False))


def migrations() -> Config:
    """Alembic's configuration: the migrations are inside the package."""
    config = Config()
    config.set_main_option("script_location", "api:storage/migrations")
    return config


def _make_file(file: Path) -> None:
    """Make an empty database that its owner alone may read; leave one that exists as it is.

    SQLite gives its other files (-wal, -shm) the same mode. Raises `DatabaseError` for a file or
    folder that can't be written, and `OSError`.
    """
    if file.is_dir():
        raise DatabaseError(f"{file} is a folder: name a file in it.")
    # To open and close an existing file would drop the locks that SQLite holds in this process.
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    for each in (file, file.parent):  # SQLite makes its other files in the folder.
        if not os.access(each, os.W_OK):
            advice = "Check its owner and mode, and that its file system isn't read-only."
            raise DatabaseError(f"{each} can't be written. {advice}")


def checkpoint(engine: Engine) -> None:
    """Write SQLite's log (-wal) into the database file, so that this file alone has everything.

    For the end of the service, when its workers have ended. The last connection to close does it
    too, unless two close at the same time, or another program has the database open.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except SQLAlchemyError as error:
        _log.warning("the -wal file could not be written into the database: %s", why(error))
    engine.dispose()


def upgrade(engine: Engine) -> None:
    """Bring the tables up to this version's. Several may try at once: one does it.

    Raises `DatabaseError` for a database that can't be reached or written, or is a newer version's.
    """
    try:
        if engine.dialect.name == "sqlite":
            _make_file(Path(str(engine.url.database)))
        with engine.connect() as connection:
            for statement in _MIGRATION_LOCKS[engine.dialect.name]:
                connection.exec_driver_sql(statement)
            config = migrations()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except OSError as error:
        raise DatabaseError(f"{where(engine)}: {error.strerror}.") from error
    except SQLAlchemyError as error:
        raise DatabaseError(f"{where(engine)}: {why(error)}") from error
    except CommandError as error:
        raise DatabaseError(f"{where(engine)} was made by a newer version ({error}).") from error


def purge_expired(engine: Engine) -> int:
    """Delete the expired idempotency keys, for `PURGE_TIME` at most, and return their number.

    Several processes may do so at once. A failure is logged, because keyed writes purge too.
    """
    given, purged = {"expired": expired_at(datetime.now(UTC)), "most": BATCH}, 0
    deadline = time.monotonic() + PURGE_TIME
    try:
        with connection_of(engine) as connection:
            # Python's sqlite3 doesn't count the rows of a statement that begins with WITH.
            while rows := connection.execute(PURGE.returning(keys.c.digest), given).all():
                purged += len(rows)
                if time.monotonic() > deadline:
                    break
    except SQLAlchemyError as error:
        _log.warning("expired keys weren't deleted: %s", why(error))
    return purged
