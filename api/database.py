"""Connecting to SQLite or PostgreSQL so that what is acknowledged is on disk, and migrating."""

import time
from functools import partial
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError as SqliteError
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from api.config import Settings

SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""What SQLite is set to, and must say of itself: WAL, FULL, on."""

# One migrates, the others wait and then find it done.
_MIGRATION_LOCKS = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "SELECT pg_advisory_xact_lock(hashtext('sign-up migrations'))",
}


class DatabaseError(Exception):
    """The database can't be used: the message says why, on one line."""


def open_database(settings: Settings) -> Engine:
    """An engine for the database of the settings; it connects when it is first used.

    Each statement is a transaction of its own (autocommit), since each change here is one
    statement: less to go wrong, and on PostgreSQL one round trip in place of three.
    """
    seconds = settings.database_timeout
    options: dict[str, Any] = {"timeout": seconds}
    if settings.url.get_backend_name() == "postgresql":
        milliseconds = f"{seconds * 1000}"
        options = {
            "connect_timeout": seconds,
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}",
        }
    engine = create_engine(
        settings.url,
        isolation_level="AUTOCOMMIT",
        connect_args=options,
        pool_size=settings.threads,
        max_overflow=0,
        pool_timeout=seconds,
        # A server that was restarted meanwhile is found again without losing a request.
        pool_pre_ping=settings.url.get_backend_name() == "postgresql",
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_set_pragmas, seconds))
    return engine


def _set_pragmas(seconds: float, connection: SqliteConnection, _record: object) -> None:
    deadline = time.monotonic() + seconds
    for name, value in SQLITE_PRAGMAS.items():
        while True:
            try:
                connection.execute(f"PRAGMA {name} = {value}")
                break
            except SqliteError:
                # SQLite doesn't wait for who else turns a new file to WAL at the same time.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != value:
            raise DatabaseError(f"SQLite's {name} is {found} and can't be set to {value}.")


def where(engine: Engine) -> str:
    """The file or URL of the database, without a secret: a query may hold one too."""
    shown = engine.url.set(query={}).render_as_string()
    return str(engine.url.database) if engine.dialect.name == "sqlite" else shown


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
        with engine.connect() as connection:
            level = connection.default_isolation_level  # No autocommit: all of it or nothing.
            connection.execution_options(isolation_level=level)
            connection.exec_driver_sql(_MIGRATION_LOCKS[engine.dialect.name])
            config = migrations()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise DatabaseError(f"{where(engine)}: {cause}") from error
    except CommandError as error:
        raise DatabaseError(f"{where(engine)} was made by a newer version ({error}).") from error
