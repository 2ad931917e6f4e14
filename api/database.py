"""Open the database, SQLite or PostgreSQL, migrate it, and delete what has expired."""

import logging
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
from api.connections import DatabaseError, connect_by
from api.keyed_writes import PURGE, expired_at
from api.models import idempotency_keys as keys
from api.pool import Pool, connection_of

BATCH = 1000
"""Expired keys that are deleted in one transaction at start, so that the lock isn't held long."""
PURGE_TIME = 10
"""Seconds for which a start is delayed by that; keyed writes and later starts delete the rest."""
_log = logging.getLogger(__name__)

# One migrates, the others wait and then find it done.
_MIGRATION_LOCKS = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(hashtext('sign-up migrations'))",
}


def open_database(settings: Settings) -> Engine:
    """An engine for the database of the settings; it connects when it is first used.

    Each statement is a transaction of its own (autocommit), since each change here is one
    statement: less to go wrong, and on PostgreSQL one round trip in place of three.
    """
    seconds = settings.database_timeout
    on_server = settings.url.get_backend_name() == "postgresql"
    limits = f"-c statement_timeout={seconds * 1000} -c lock_timeout={seconds * 1000}"
    engine = create_engine(
        settings.url,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": seconds, "options": limits} if on_server else {},
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
    """The file or URL of the database, without a secret: a query may hold one too."""
    shown = engine.url.set(query={}).render_as_string()
    return str(engine.url.database) if engine.dialect.name == "sqlite" else shown


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
    config.set_main_option("script_location", "api:migrations")
    return config


def upgrade(engine: Engine) -> None:
    """Bring the tables up to this version's. Several may try at once: one does it.

    Raises `DatabaseError` for a database that can't be reached or written, or is a newer version's.
    """
    try:
        if engine.dialect.name == "sqlite":
            Path(str(engine.url.database)).touch()
        with engine.connect() as connection:
            level = connection.default_isolation_level  # No autocommit: all of it or nothing.
            connection.execution_options(isolation_level=level)
            connection.exec_driver_sql(_MIGRATION_LOCKS[engine.dialect.name])
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
