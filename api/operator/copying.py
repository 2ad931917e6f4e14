"""Copy all rows from one database to another. An interrupted copy can be continued."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import Connection, Table

from api.operator.checking import wrong_schema
from api.operator.common import batches, last_key
from api.operator.digest import Digest, Progress, digest_of
from api.operator.target import TABLES, VERSION, add, empty, finish, prepare
from api.storage.database import Database
from api.storage.errors import DatabaseError, describe_url
from api.storage.transactions import BEGIN

_LOCKS = {
    "sqlite": ["BEGIN IMMEDIATE"],
    # Reads go on. Migrations and other copies wait too.
    "postgresql": [
        BEGIN,
        f"LOCK TABLE {', '.join(table.name for table in [*TABLES, VERSION])} IN EXCLUSIVE MODE",
    ],
}


T = TypeVar("T")


def without_writes(database: Database, work: Callable[[Connection], T]) -> T:
    """Return `work(connection)`, during which no other connection can write.

    Other writes fail after `DATABASE_TIMEOUT`.
    """

    def locked(connection: Connection) -> T:
        for statement in _LOCKS[connection.dialect.name]:
            connection.exec_driver_sql(statement)
        return work(connection)

    return database.read(locked)


def copy(source: Connection, target: Database, progress: Progress) -> dict[str, Digest]:
    """Copy everything, or what is left of it, compare, and return the digest of each table.

    Calls `progress` with the number of rows that were copied, and again when they were compared.
    Raises `DatabaseError`, and the databases' errors.
    """
    source_url = describe_url(source.engine)
    for problem in wrong_schema(source):
        raise DatabaseError(f"{source_url} can't be copied. {problem}")
    prepare(target, f"copying {sha256(source_url.encode()).hexdigest()[:16]}")
    if any(target.read(partial(_has_other_rows, source, table)) for table in TABLES):
        target.write(empty)
    digests = {table.name: _copy_table(source, target, table, progress) for table in TABLES}
    for table in TABLES:
        found = target.read(partial(_digest, table, progress))
        if found != digests[table.name]:
            advice = "Find out what writes to it, and copy again."
            raise DatabaseError(f"{target.shown_url}: {table.name} has {found}. {advice}")
    source.exec_driver_sql("SELECT 1")  # Fails if the lock was lost meanwhile.
    target.write(finish)
    return digests


def _digest(table: Table, progress: Progress, connection: Connection) -> Digest:
    return digest_of(batches(connection, table), table, progress)


def _has_other_rows(source: Connection, table: Table, target: Connection) -> bool:
    """Return whether the target has rows that the source doesn't have."""
    there = digest_of(batches(target, table), table)
    if not there.count:
        return False
    return there != digest_of(batches(source, table, until=there.last), table)


def _copy_table(source: Connection, target: Database, table: Table, progress: Progress) -> Digest:
    """Copy the rows after the last one that the target has, a batch in each transaction."""
    last, digest = target.read(partial(last_key, table=table)), Digest()
    if last is not None:
        digest = digest_of(batches(source, table, until=last), table, progress)
    for rows in batches(source, table, after=last):
        target.write(partial(add, table=table, rows=rows))
        digest.add(rows, table)
        progress(len(rows))
    return digest
