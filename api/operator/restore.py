"""`sign-up-api restore`: replace the SQLite database by a backup."""

import os
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from api.config import Settings
from api.operator.checking import NONE, damage, revision, wrong_schema
from api.operator.common import OperatorCommand, new_file, one_line_errors, sync
from api.storage.database import open_engine
from api.storage.errors import DatabaseError, describe_error
from api.storage.migrate import head, known_revisions, upgrade
from api.storage.sqlite import driver_of
from api.storage.sqlite_files import LOGS, lock_unused
from api.storage.store import store


def _refuse_unsuitable(backup: Path, database: Path) -> None:
    """Raise `click.ClickException` for a file that is in use, or was when it was copied."""
    if database.exists() and backup.samefile(database):
        raise click.ClickException(f"{backup} is the database itself: give a backup of it.")
    for log in LOGS:
        if Path(f"{backup}{log}").exists():
            raise click.ClickException(
                f"{backup}{log} exists, so {backup} isn't complete without it: "
                f"with DATABASE_URL=sqlite:///{backup} make a backup of it, and restore that."
            )


def _refuse_unsound(connection: Connection) -> None:
    """Raise `DatabaseError` for damage, and for a schema that this version doesn't know."""
    for problem in damage(connection):
        raise DatabaseError(problem.splitlines()[0])
    at = revision(connection)
    if at == NONE:
        raise DatabaseError("it has no tables of this service")
    if at not in known_revisions():
        raise DatabaseError(
            f"its schema is at {at}, which this version ({head()}) doesn't know: "
            "restore it with the version that made it"
        )


def _prepare(part: Path) -> None:
    """Check the copy of the backup, and upgrade its schema. Raises `DatabaseError`."""
    engine = open_engine(Settings(), store.database.engine.url.set(database=str(part)))
    try:
        with engine.connect() as connection:
            _refuse_unsound(connection)
        upgrade(engine)
        with engine.connect() as connection:
            for problem in wrong_schema(connection):
                raise DatabaseError(problem)
            # Everything is then in the file itself.
            driver_of(connection).execute("PRAGMA journal_mode = DELETE")
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseError(describe_error(error)) from None
    finally:
        engine.dispose()
        for suffix in (*LOGS, "-shm"):
            Path(f"{part}{suffix}").unlink(missing_ok=True)


def _keep_owner(part: Path, file: Path) -> None:
    """If root runs the command, let the service's user own the database."""
    if os.geteuid() == 0:
        owner = (file if file.exists() else file.parent).stat()
        os.chown(part, owner.st_uid, owner.st_gid)


def _keep(file: Path) -> Path | None:
    """Give the database a second name, and take its log from the first. Return the second name.

    The log must not be there when the backup is, because SQLite would write it into the backup. If
    the machine stops in between, the service doesn't start on the database without its log, because
    the log's index (-shm) is still there.
    """
    kept = file.with_name(f"{file.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    found = [suffix for suffix in ("", *LOGS) if Path(f"{file}{suffix}").exists()]
    for suffix in found:
        os.link(f"{file}{suffix}", f"{kept}{suffix}")
    sync(file.parent)
    for suffix in found:
        if suffix:
            Path(f"{file}-shm").touch(0o600)
            os.unlink(f"{file}{suffix}")
    return kept if found else None


@click.command(cls=OperatorCommand)
@click.argument("from_file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_appcontext
def restore(from_file: Path) -> None:
    """Replace the SQLite database by FROM_FILE, which `backup` has made. Stop the service before.

    Nothing is changed unless the backup is sound (integrity_check), has a schema that this version
    knows, and no program has the database open. An older schema is upgraded. The backup then takes
    the database's place in one step, and the replaced database stays under the name that is
    printed. Rows that were written after the backup are in that file only.

    The database has password hashes and ids of records, so only its owner can read it (mode 0600).
    If root runs this command, the owner stays the same.

    On PostgreSQL use pg_restore.
    """
    database = store.database
    if not database.is_sqlite:
        advice = "restore its backup into an empty database with pg_restore, and use that one."
        raise click.ClickException(f"{database.shown_url} is PostgreSQL: {advice}")
    # SQLite has the log beside the real file.
    file = Path(os.path.realpath(str(database.engine.url.database)))
    _refuse_unsuitable(from_file, file)
    with one_line_errors(database), lock_unused(str(file)):
        with new_file(file, replace=True) as part:
            shutil.copyfile(from_file, part)
            try:
                _prepare(part)
            except DatabaseError as error:
                raise DatabaseError(f"{from_file} can't be restored: {error}") from None
            _keep_owner(part, file)
            sync(part)
            kept = _keep(file)
        Path(f"{file}-shm").unlink(missing_ok=True)
    click.echo(f"{database.shown_url} is restored from {from_file}, and at {head()}.")
    if kept:
        click.echo(f"The replaced database is {kept}. Delete it once you don't need it.")
