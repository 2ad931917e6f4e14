"""Keyed writes: a row, and the `Idempotency-Key` of who asked for it, in one transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, Table, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from api.connections import connection_of
from api.fields import RETRY_HOURS
from api.models import idempotency_keys as keys
from api.waiting import call

KEPT = timedelta(hours=RETRY_HOURS)
PURGED = 100
"""Keys that one write clears away, at most: else the first after a pause would keep others waiting.
It adds one, so that they become no more."""

# SQLite has one lock for all who write: taken at once, whoever waits for it has seen nothing yet.
_BEGIN = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "BEGIN"}
_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_FIND = select(keys).where(
    keys.c.digest == bindparam("digest"), keys.c.created_at > bindparam("expired")
)
# What another clears away just now is left to it, so that nobody waits for it, or for each other.
_EXPIRED = (
    select(keys.c.digest)
    .where(keys.c.created_at <= bindparam("expired"))
    .order_by(keys.c.created_at)
    .limit(PURGED)
    .with_for_update(skip_locked=True)
)
_PURGE = delete(keys).where(keys.c.digest.in_(_EXPIRED))


class KeyTaken(Exception):
    """Somebody has used the key within the time for which it is kept."""


class KeyedWrites:
    """Adds rows each of which is added once under its key."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        kind = engine.dialect.name
        self._begin = _BEGIN[kind]
        # A key that has expired is as good as new. Who comes while another still writes the same
        # key waits until that is settled, in the index on PostgreSQL, at the lock on SQLite.
        added: Any = _INSERT[kind](keys)
        replaced = {c.name: added.excluded[c.name] for c in keys.c if not c.primary_key}
        self._insert = added.on_conflict_do_update(
            index_elements=[keys.c.digest],
            set_=replaced,
            where=keys.c.created_at <= bindparam("expired"),
        )

    def find(self, digest: bytes, now: datetime) -> Row[Any] | None:
        """What was kept of the request that was done under the key, if it is kept still."""
        with connection_of(self.engine) as connection:
            return connection.execute(_FIND, {"digest": digest, "expired": now - KEPT}).first()

    def add(self, table: Table, values: Mapping[str, Any], key: Mapping[str, Any]) -> None:
        """Return when the row and the key are on disk, both of them.

        Raises `KeyTaken`, or what the database says: then neither is there.
        """
        # All of it by one thread, so that nobody's turn comes between while the lock is held.
        call(self._add, table, values, key)

    def _add(self, table: Table, values: Mapping[str, Any], key: Mapping[str, Any]) -> None:
        expired = {"expired": key["created_at"] - KEPT}
        with self.engine.connect() as connection:
            connection.exec_driver_sql(self._begin)
            connection.execute(_PURGE, expired)
            if not connection.execute(self._insert, {**key, **expired}).rowcount:
                raise KeyTaken  # What leaves here without a commit is rolled back.
            connection.execute(insert(table), [values])
            connection.exec_driver_sql("COMMIT")
