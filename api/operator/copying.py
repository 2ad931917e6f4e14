"""Copying everything from one database to another, so that it can be killed and begun again."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Row, Table

from api.connections import DatabaseError
from api.database import upgrade, where
from api.models import metadata
from api.operator.checking import NONE, head, revision, wrong_schema
from api.operator.common import batches
from api.pool import connection_of

TABLES = metadata.sorted_tables
"""Each after those that it refers to."""
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))
_LOCKS = {
    "sqlite": ["BEGIN IMMEDIATE"],
    # Both leave what reads alone. Whoever migrates, or copies too, is kept out as well.
    "postgresql": [
        "BEGIN",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        f"LOCK TABLE {', '.join([*metadata.tables, _VERSION.name])} IN EXCLUSIVE MODE",
    ],
}


class Digest:
    """How many rows, the last one's key, and the SHA-256 of all their values in the key's order.

    It is of the values as Python has them, so it is the same on every database.
    """

    def __init__(self) -> None:
        self.count, self.last = 0, None
        self._sum = sha256()

    def add(self, rows: Sequence[Row[Any]], table: Table) -> None:
        (key,) = table.primary_key
        self.count, self.last = self.count + len(rows), rows[-1]._mapping[key]
        for row in rows:
            self._sum.update(repr(tuple(row)).encode())

    def __str__(self) -> str:
        return f"{self.count} rows, SHA-256 {self._sum.hexdigest()}"


Told = Callable[[int], object]


def _digest(
    parts: Iterable[Sequence[Row[Any]]], table: Table, told: Told = lambda _: None
) -> Digest:
    digest = Digest()
    for rows in parts:
        digest.add(rows, table)
        told(len(rows))
    return digest


@contextmanager
def without_writes(engine: Engine) -> Iterator[Connection]:
    """A connection to read by, while nobody can write: for as long as this, or the process, lasts.

    Whoever tries waits for as long as `DATABASE_TIMEOUT` says.
    """
    with connection_of(engine) as connection:
        for statement in _LOCKS[engine.dialect.name]:
            connection.exec_driver_sql(statement)
        yield connection


def copy(source: Connection, target: Engine, told: Told) -> dict[str, Digest]:
    """Copy everything, or what is left of it, and compare: the digest of each table.

    `told` is called with the number of rows each time some were copied, and when they were
    compared. A copy that isn't finished has a revision that no version of the service knows, so
    that none starts on it. Raises `DatabaseError`, and what the databases say.
    """
    for problem in wrong_schema(source):
        raise DatabaseError(f"{where(source.engine)} can't be copied. {problem}")
    marker = f"copying {sha256(where(source.engine).encode()).hexdigest()[:16]}"
    _prepare(target, marker)
    with connection_of(target) as writing:
        if any(_is_other(source, writing, table) for table in TABLES):
            _empty(writing)
        digests = {table.name: _copy_table(source, writing, table, told) for table in TABLES}
        for table in TABLES:
            there = _digest(batches(writing, table), table, told)
            if str(there) != str(digests[table.name]):
                advice = "Find out who writes to it, and copy again."
                raise DatabaseError(f"{where(target)}: {table.name} has {there}. {advice}")
            _count_on(writing, table, there)
        source.exec_driver_sql("SELECT 1")  # So it was locked until now.
        writing.execute(sa.update(_VERSION).values(version_num=head()))
    return digests


def _prepare(target: Engine, marker: str) -> None:
    """Make the tables, and mark them. Raises `DatabaseError` where anything else is."""
    is_new = target.dialect.name == "sqlite" and not Path(str(target.url.database)).exists()
    if is_new or not _is_begun(target, marker):
        upgrade(target)
        with connection_of(target) as there:
            there.execute(sa.update(_VERSION).values(version_num=marker))


def _is_begun(target: Engine, marker: str) -> bool:
    """Whether it is an unfinished copy, or else is empty. Raises `DatabaseError` for neither."""
    with connection_of(target) as there:
        names = set(sa.inspect(there).get_table_names()) - {_VERSION.name}
        at = revision(there)
        is_ours = at == head() and names == set(metadata.tables)
        has_rows = not is_ours or any(there.execute(sa.select(t).limit(1)).all() for t in TABLES)
    if at != marker and has_rows and (names or at != NONE):
        raise DatabaseError(f"{where(target)} isn't empty: give a database with nothing in it.")
    return at == marker


def _is_other(source: Connection, target: Connection, table: Table) -> bool:
    """Whether what is in the target already isn't in the source, or not any more."""
    there = _digest(batches(target, table), table)
    if not there.count:
        return False
    return str(there) != str(_digest(batches(source, table, until=there.last), table))


def _empty(target: Connection) -> None:
    if target.dialect.name == "postgresql":
        target.exec_driver_sql(f"TRUNCATE {', '.join(metadata.tables)}")
    else:
        for table in reversed(TABLES):
            target.execute(sa.delete(table))


def _copy_table(source: Connection, target: Connection, table: Table, told: Told) -> Digest:
    """Go on after the last row that is there. A batch is there whole or not at all."""
    last = target.scalar(sa.select(sa.func.max(*table.primary_key)))
    digest = Digest()
    if last is not None:
        digest = _digest(batches(source, table, until=last), table, told)
    for rows in batches(source, table, after=last):
        _insert(target, table, rows)
        digest.add(rows, table)
        told(len(rows))
    return digest


def _insert(target: Connection, table: Table, rows: Sequence[Row[Any]]) -> None:
    if target.dialect.name == "postgresql":
        # Its own way for many rows: five times as fast.
        statement = f"COPY {table.name} ({', '.join(table.columns.keys())}) FROM STDIN"
        cursor: psycopg.Cursor = target.connection.cursor()  # type: ignore[assignment]
        with cursor.copy(statement.encode()) as rows_in:
            for row in rows:
                rows_in.write_row(tuple(row))
    else:
        target.execute(sa.insert(table), [row._asdict() for row in rows])


def _count_on(target: Connection, table: Table, digest: Digest) -> None:
    """On PostgreSQL, rows that come get numbers after those that are there."""
    column = table.autoincrement_column
    if column is not None and target.dialect.name == "postgresql":
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        target.execute(sa.select(sa.func.setval(sequence, digest.last or 1, digest.count > 0)))
