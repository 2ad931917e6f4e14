"""Copying everything from one database to another, so that it can be killed and begun again."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from sqlalchemy import Connection, Engine, Table

from api.operator.checking import wrong_schema
from api.operator.common import batches, last_key
from api.operator.digest import Digest, Told, digest_of
from api.operator.target import TABLES, VERSION, add, empty, finish, prepare
from api.storage.connections import DatabaseError
from api.storage.database import where
from api.storage.pool import connection_of
from api.storage.postgresql import BEGIN

_LOCKS = {
    "sqlite": ["BEGIN IMMEDIATE"],
    # Both leave what reads alone. Whoever migrates, or copies too, is kept out as well.
    "postgresql": [
        BEGIN,
        f"LOCK TABLE {', '.join(table.name for table in [*TABLES, VERSION])} IN EXCLUSIVE MODE",
    ],
}


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

    `told` hears of each row twice: when it is there, and when it was compared. Raises
    `DatabaseError`, and what the databases say.
    """
    for problem in wrong_schema(source):
        raise DatabaseError(f"{where(source.engine)} can't be copied. {problem}")
    prepare(target, f"copying {sha256(where(source.engine).encode()).hexdigest()[:16]}")
    with connection_of(target) as writing:
        if any(_is_other(source, writing, table) for table in TABLES):
            empty(writing)
        digests = {table.name: _copy_table(source, writing, table, told) for table in TABLES}
        for table in TABLES:
            there = digest_of(batches(writing, table), table, told)
            if there != digests[table.name]:
                advice = "Find out who writes to it, and copy again."
                raise DatabaseError(f"{where(target)}: {table.name} has {there}. {advice}")
        source.exec_driver_sql("SELECT 1")  # So it was locked until now.
        finish(writing)
    return digests


def _is_other(source: Connection, target: Connection, table: Table) -> bool:
    """Whether what is in the target already isn't in the source, or not any more."""
    there = digest_of(batches(target, table), table)
    if not there.count:
        return False
    return there != digest_of(batches(source, table, until=there.last), table)


def _copy_table(source: Connection, target: Connection, table: Table, told: Told) -> Digest:
    """Go on after the last row that is there."""
    last, digest = last_key(target, table), Digest()
    if last is not None:
        digest = digest_of(batches(source, table, until=last), table, told)
    for rows in batches(source, table, after=last):
        add(target, table, rows)
        digest.add(rows, table)
        told(len(rows))
    return digest
