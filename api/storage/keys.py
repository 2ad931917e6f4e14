"""The idempotency keys: which requests were done, kept for as long as a retry may come."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from api.header_fields import RETRY_HOURS
from api.storage.tables import idempotency_keys as keys

PURGED = 100
"""Expired keys that one keyed write deletes, at most, so that it holds the lock for a short time.
It adds one key, so that the table can't grow without bound."""

_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_HAS_EXPIRED = keys.c.created_at <= bindparam("expired")
_KEPT = select(keys).where(keys.c.digest == bindparam("digest"), ~_HAS_EXPIRED)
# Rows that another transaction is deleting are skipped, so that no transaction waits for another.
# A common table expression is evaluated once; PostgreSQL may evaluate a subquery for each row.
_OLDEST = (
    select(keys.c.digest)
    .where(_HAS_EXPIRED)
    .order_by(keys.c.created_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
    .cte("oldest")
)
# Python's sqlite3 doesn't count the rows of a statement that begins with WITH.
_PURGE = delete(keys).where(keys.c.digest.in_(select(_OLDEST.c.digest))).returning(keys.c.digest)


class KeyTaken(Exception):
    """A request was done under the key, and is kept still."""


class Key(NamedTuple):
    """A request that may be sent again: its digest, its form's fingerprint, and its account.

    `username_key` is the account's username in lower case, if there is an account.
    """

    digest: bytes
    fingerprint: bytes
    username_key: str | None = None


def _expired_at(now: datetime) -> datetime:
    """Return the time at which keys that expire `now` were created."""
    return now - timedelta(hours=RETRY_HOURS)


def find(connection: Connection, key: Key, now: datetime) -> Any:
    """Return the row that is kept under the key, or None."""
    given = {"digest": key.digest, "expired": _expired_at(now)}
    return connection.execute(_KEPT, given).first()


def purge(connection: Connection, now: datetime, most: int) -> int:
    """Delete the oldest expired keys, at `most` so many, and return their number."""
    return len(connection.execute(_PURGE, {"expired": _expired_at(now), "most": most}).all())


def claim(connection: Connection, key: Key, values: dict[str, Any]) -> None:
    """Keep the key, with what a retry needs of the row with these `values`. Raises `KeyTaken`.

    An expired key is as good as new. If another transaction writes the same key, this waits until
    that one ends: for the index entry on PostgreSQL, for the lock on SQLite.
    """
    now = values["created_at"]
    kept = {
        **key._asdict(),
        "password_hash": values.get("password_hash"),
        "record_id": values.get("id"),
        "created_at": now,
    }
    purge(connection, now, PURGED)
    if (
        connection.execute(
            _CLAIM[connection.dialect.name], kept | {"expired": _expired_at(now)}
        ).rowcount
        != 1
    ):
        raise KeyTaken


def _claim(dialect: str) -> Any:
    row: Any = _INSERT[dialect](keys)
    changed = {
        column.name: row.excluded[column.name] for column in keys.c if not column.primary_key
    }
    return row.on_conflict_do_update(
        index_elements=[keys.c.digest], set_=changed, where=_HAS_EXPIRED
    ).execution_options(preserve_rowcount=True)


_CLAIM = {dialect: _claim(dialect) for dialect in _INSERT}


def replace_hash(connection: Connection, username_key: str, password_hash: str) -> None:
    """Set the account's new hash in its keys too, so that no older hash is left."""
    own = (keys.c.username_key == username_key) & keys.c.password_hash.is_not(None)
    connection.execute(update(keys).where(own).values(password_hash=password_hash))


def forget(connection: Connection, username_key: str) -> None:
    """Delete the account's keys."""
    connection.execute(delete(keys).where(keys.c.username_key == username_key))
