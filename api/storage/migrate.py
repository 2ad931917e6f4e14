"""Migrations, the deletion of expired keys at start, and SQLite's checkpoint at the end."""

import logging
import os
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from api.storage.errors import DatabaseError, describe_error, describe_url
from api.storage.keys import purge
from api.storage.transactions import BEGIN

if TYPE_CHECKING:
    from alembic.config import Config

BATCH = 1000
"""Expired keys per transaction of `purge_expired`, so that each holds the lock for a short time."""
PURGE_TIME = 10
"""Maximum seconds of `purge_expired`. Writes with keys and later starts delete the rest."""
_log = logging.getLogger(__name__)

# One instance migrates. The other instances wait for the lock, and then have nothing to migrate.
_LOCKS = {
    # A migration may make a table anew; with foreign keys on, dropping the old one would delete or
    # change the rows that refer to it. SQLite ignores this statement inside a transaction.
    "sqlite": ["PRAGMA foreign_keys = OFF", "BEGIN IMMEDIATE"],
    "postgresql": [BEGIN, "SELECT pg_advisory_xact_lock(hashtext('sign-up migrations'))"],
}


def known_revisions() -> set[str]:
    """Return the revisions that this version can upgrade from, and its own: the files' numbers."""
    files = Path(__file__).with_name("migrations").joinpath("versions").glob("[!_]*.py")
    return {file.name.partition("_")[0] for file in files}


def head() -> str:
    """Return this version's revision of the schema: the number of the newest migration's file."""
    return max(known_revisions())


def migrations() -> "Config":
    """Return Alembic's configuration: the migrations are inside the package."""
    config: Config = import_module("alembic.config").Config()
    config.set_main_option("script_location", "api.storage:migrations")
    return config


def _create_file(file: Path) -> None:
    """Create an empty file that only its owner can read, unless the file exists.

    SQLite gives its other files (-wal, -shm) the same mode. Raises `DatabaseError` for a file or
    folder that can't be written, and `OSError`.
    """
    if file.is_dir():
        raise DatabaseError(f"{file} is a folder: name a file in it.")
    # Opening and closing an existing file would drop SQLite's locks in this process.
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    for each in (file, file.parent):  # SQLite makes its other files in the folder.
        if not os.access(each, os.W_OK):
            advice = "Check its owner and mode, and that its file system isn't read-only."
            raise DatabaseError(f"{each} can't be written. {advice}")


def revisions(connection: Connection) -> tuple[str, ...]:
    """Return the database's revisions of the schema: one, or none without tables."""
    if not inspect(connection).has_table("alembic_version"):
        return ()
    return tuple(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())


def _migrate(connection: Connection) -> None:
    """Run the migrations that the database lacks.

    Alembic is imported only here, because a start without migrations needs a quarter less time
    without it. Raises `DatabaseError` if the database has a newer version.
    """
    config = migrations()
    config.attributes["connection"] = connection
    try:
        import_module("alembic.command").upgrade(config, "head")
    except import_module("alembic.util").CommandError as error:
        raise DatabaseError(
            f"{describe_url(connection.engine)} was made by a newer version ({error})."
        ) from error


def _check_foreign_keys(connection: Connection) -> None:
    """Raise `DatabaseError` if a row refers to one that a migration removed."""
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        raise DatabaseError(f"Row {row[1]} of {row[0]} would refer to none of {row[2]}.")


def upgrade(engine: Engine) -> None:
    """Upgrade the tables to this version. If several processes call this at once, one upgrades.

    Raises `DatabaseError` if the database can't be reached or written, or has a newer version.
    """
    try:
        if engine.dialect.name == "sqlite":
            _create_file(Path(str(engine.url.database)))
        with engine.connect() as connection:
            connection.detach()  # No later use gets this connection, whose foreign keys are off.
            for statement in _LOCKS[engine.dialect.name]:
                connection.exec_driver_sql(statement)
            if revisions(connection) != (head(),):
                _migrate(connection)
                if engine.dialect.name == "sqlite":
                    _check_foreign_keys(connection)
            connection.commit()
    except OSError as error:
        raise DatabaseError(f"{describe_url(engine)}: {error.strerror}.") from error
    except SQLAlchemyError as error:
        raise DatabaseError(f"{describe_url(engine)}: {describe_error(error)}") from error


def purge_expired(engine: Engine) -> int:
    """Delete the expired idempotency keys, for `PURGE_TIME` at most, and return their number.

    Several processes may do so at once. A failure is only logged, because writes delete keys too.
    """
    now, purged = datetime.now(UTC), 0
    deadline = time.monotonic() + PURGE_TIME
    try:
        with engine.connect() as connection:
            while rows := purge(connection, now, BATCH):
                purged += rows
                if time.monotonic() > deadline:
                    break
    except SQLAlchemyError as error:
        _log.warning("expired keys weren't deleted: %s", describe_error(error))
    return purged


def checkpoint(engine: Engine) -> None:
    """Write SQLite's log (-wal) into the database file, so that this file is complete.

    Call this after all workers have ended. The last connection that closes does the same, unless
    two close at the same time, or another program has the database open.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    except SQLAlchemyError as error:
        _log.warning("the -wal file wasn't written into the database: %s", describe_error(error))
    engine.dispose()
