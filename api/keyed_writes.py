"""Keyed writes: a row, and the `Idempotency-Key` of who asked for it, in one transaction."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Integer, Table, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from api.group_commit import GroupCommit
from api.header_fields import RETRY_HOURS
from api.models import idempotency_keys as keys
from api.pool import connection_of
from api.postgresql import BEGIN as READ_COMMITTED
from api.threads import call

PURGED = 100
"""Expired keys that one keyed write deletes, at most, so that it holds the lock for a short time.
It adds one key, so that the table can't grow without bound."""

# SQLite has one lock for all writers: taken at the begin, so that nothing was read before.
BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": READ_COMMITTED}
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_HAS_EXPIRED = keys.c.created_at <= bindparam("expired")
KEPT_UNDER = select(keys).where(keys.c.digest == bindparam("digest"), ~_HAS_EXPIRED)
"""What is kept of the request that was done under a key."""
# Rows that another transaction is deleting are skipped, so that no transaction waits for another.
# A common table expression is evaluated once; PostgreSQL may evaluate a subquery for each row.
_OLDEST = (
    select(keys.c.digest)
    .where(_HAS_EXPIRED)
    .order_by(keys.c.created_at)
    .limit(bindparam("most", type_=Integer))
)
_SOME = _OLDEST.with_for_update(skip_locked=True).cte("some")
PURGE = delete(keys).where(keys.c.digest.in_(select(_SOME.c.digest)))
"""Deletes the keys that have `expired` at that time, at `most` so many."""


class KeyTaken(Exception):
    """A request was done under the key, and is kept still."""


class Key(NamedTuple):
    """A request that may be sent again: its digest, its form's fingerprint, and its account.

    `username_key` is the username of the account, in small letters, if there is one.
    """

    digest: bytes
    fingerprint: bytes
    username_key: str | None = None


def expired_at(now: datetime) -> datetime:
    """Keys that are no younger than this aren't kept any more."""
    return now - timedelta(hours=RETRY_HOURS)


class KeyedWrites:
    """Adds rows to a table: with a key but once; without one in a group, with all who wait."""

    def __init__(self, engine: Engine, table: Table, unique: str = "") -> None:
        self.engine, self.group = engine, GroupCommit(engine, table, unique)
        self._row = insert(table)
        self._begin = BEGIN[engine.dialect.name]
        # Who comes while another still writes the same key waits until that is settled: in the
        # index on PostgreSQL, at the lock on SQLite. A key that has expired is as good as new.
        key: Any = _INSERT[engine.dialect.name](keys)
        changed = {c.name: key.excluded[c.name] for c in keys.c if not c.primary_key}
        self._key = key.on_conflict_do_update(
            index_elements=[keys.c.digest], set_=changed, where=_HAS_EXPIRED
        ).execution_options(preserve_rowcount=True)

    def add(self, key: Key | None, **values: Any) -> None:
        """Return when the row is on disk, and the key too, with what a retry asks of the row.

        Raises `KeyTaken`, or what the database says: then neither is there.
        """
        if key is None:
            self.group.add(**values)
        else:
            # By one thread all of it, so that nobody's turn comes between while a lock is held;
            # but a thread doesn't wait for a connection that is given back with another's help.
            with connection_of(self.engine) as connection:
                call(self._add, connection, key, values)

    def _add(self, connection: Connection, key: Key, values: dict[str, Any]) -> None:
        expired = expired_at(values["created_at"])
        kept = {
            **key._asdict(),
            "password_hash": values.get("password_hash"),
            "record_id": values.get("id"),
            "created_at": values["created_at"],
        }
        connection.exec_driver_sql(self._begin)
        connection.execute(PURGE, {"expired": expired, "most": PURGED})
        if connection.execute(self._key, kept | {"expired": expired}).rowcount != 1:
            raise KeyTaken  # What leaves here without a commit is rolled back.
        connection.execute(self._row, [values])
        connection.exec_driver_sql("COMMIT")
