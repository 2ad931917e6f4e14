"""Common parts of the operator commands: errors, batches of rows, progress bars, new files."""

import errno
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import click
import psycopg
from flask.cli import AppGroup, ScriptInfo
from sqlalchemy import Connection, Row, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from api.operator.output import OutputCommand, explain_output
from api.storage.database import Database
from api.storage.errors import DatabaseError, describe_error

NO_DATABASE = " Run the command in the folder of the database, or set DATABASE_URL."
BATCH = 1000
"""Rows that are held in memory at once."""
Bar: TypeAlias = "click._termui_impl.ProgressBar[Any]"


class OperatorCommand(OutputCommand):
    """A command that closes the database at its end."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with explain_output():
                return super().invoke(ctx)
        finally:
            # The last connection that is closed writes SQLite's log into the database.
            ctx.ensure_object(ScriptInfo).load_app().extensions["store"].close()


class OperatorGroup(OperatorCommand, AppGroup):
    """A group of such commands."""


@contextmanager
def one_line_errors(*databases: Database) -> Iterator[None]:
    """Describe errors of databases and files on one line, without secrets, and exit with 1."""
    try:
        yield
    except DatabaseError as error:
        raise click.ClickException(str(error)) from None
    except (SQLAlchemyError, psycopg.Error) as error:
        place = " to ".join(database.shown_url for database in databases)
        reason = describe_error(error)
        advice = NO_DATABASE if reason == "unable to open database file" else ""
        raise click.ClickException(f"{place}: {reason}.{advice}") from None
    except OSError as error:
        if error.errno == errno.EPIPE:  # The reader closed it, as `head` does.
            raise
        raise click.ClickException(f"{error.strerror}.") from None


def batches(
    connection: Connection, table: Table, *, after: Any = None, until: Any = None
) -> Iterator[Sequence[Row[Any]]]:
    """Yield the rows in the order of their key, each batch by a query of its own.

    No lock or snapshot is held, because a snapshot would keep SQLite from truncating its log. Rows
    that are added or deleted meanwhile may be included or not.
    """
    (key,) = table.primary_key
    while True:
        query = select(table).order_by(key).limit(BATCH)
        query = query if after is None else query.where(key > after)
        query = query if until is None else query.where(key <= until)
        rows = connection.execute(query).all()
        if not rows:
            return
        yield rows
        after = rows[-1]._mapping[key]


def last_key(connection: Connection, table: Table) -> Any:
    """Return the table's highest key, or None."""
    (key,) = table.primary_key
    # Before version 18 PostgreSQL has no max() of bytes.
    return connection.scalar(select(key).order_by(key.desc()).limit(1))


def progress(label: str, connection: Connection, tables: Sequence[Table], *, shown: bool) -> Bar:
    """Return a progress bar of all rows of the tables, on standard error if that is a terminal."""
    shown = shown and sys.stderr.isatty()
    counts = [select(func.count()).select_from(table) for table in tables if shown]
    length = sum(connection.scalars(count).one() for count in counts)
    return click.progressbar(length=length, label=label, file=sys.stderr, hidden=not shown)


def sync(path: Path) -> None:
    """Write the file or the folder to disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def new_file(path: Path, *, replace: bool) -> Iterator[Path]:
    """Yield a temporary file (mode 0600), which becomes `path` once it is complete and on disk.

    Raises `ClickException`.
    """
    if path.exists() and not replace:
        raise click.ClickException(f"{path} exists: --force replaces it.")
    try:
        number, name = tempfile.mkstemp(".partial", f".{path.name}.", path.parent)
        os.close(number)
        part = Path(name)
        try:
            yield part
            sync(part)
            part.replace(path)
            sync(path.parent)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}.") from None
