"""The target of a copy: create and mark it, fill it, and release it to the service."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Row, Table

from api.operator.checking import NONE, revision
from api.storage.database import Database
from api.storage.errors import DatabaseError
from api.storage.migrate import head, upgrade
from api.storage.tables import metadata

TABLES = metadata.sorted_tables
"""The tables, each after the tables that it refers to."""
VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


def prepare(target: Database, marker: str) -> None:
    """Create the tables, with a revision that keeps the service from starting before the end.

    Raises `DatabaseError` if the database has anything but an unfinished copy with this marker.
    """
    is_new = target.is_sqlite and not Path(str(target.engine.url.database)).exists()
    if is_new or not target.read(partial(_is_begun, marker=marker, shown_url=target.shown_url)):
        upgrade(target.engine)
        target.write(partial(_set_revision, to=marker))


def _is_begun(target: Connection, marker: str, shown_url: str) -> bool:
    """Return whether it is an unfinished copy. Raises `DatabaseError` if it is other data."""
    names = set(sa.inspect(target).get_table_names()) - {VERSION.name}
    at = revision(target)
    is_ours = at == head() and names == set(metadata.tables)
    is_empty = is_ours and not any(
        target.execute(sa.select(table).limit(1)).all() for table in TABLES
    )
    if at != marker and not is_empty and (names or at != NONE):
        raise DatabaseError(f"{shown_url} isn't empty: give a database with nothing in it.")
    return at == marker


def _set_revision(target: Connection, to: str) -> None:
    target.execute(sa.update(VERSION).values(version_num=to))


def empty(target: Connection) -> None:
    """Delete all rows."""
    if target.dialect.name == "postgresql":
        target.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)}")
    else:
        for table in reversed(TABLES):
            target.execute(sa.delete(table))


def add(target: Connection, table: Table, rows: Sequence[Row[Any]]) -> None:
    """Add rows."""
    if target.dialect.name == "postgresql":
        # Five times as fast as INSERT.
        statement = f"COPY {table.name} ({', '.join(table.columns.keys())}) FROM STDIN"
        cursor: psycopg.Cursor = target.connection.cursor()  # type: ignore[assignment]
        with cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row(tuple(row))
    else:
        target.execute(sa.insert(table), [row._asdict() for row in rows])


def finish(target: Connection) -> None:
    """Release the database to the service. On PostgreSQL, set the number of the next row."""
    for table in TABLES if target.dialect.name == "postgresql" else ():
        column = table.autoincrement_column
        if column is not None:
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            last = target.scalar(sa.select(sa.func.max(column)))
            target.execute(sa.select(sa.func.setval(sequence, last or 1, last is not None)))
    _set_revision(target, head())
