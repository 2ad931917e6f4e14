"""The idempotency keys of processed requests, stored for `RETRY_HOURS`."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Integer, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from api.header_fields import RETRY_HOURS
from api.storage.tables import idempotency_keys as keys

MAX_PURGED = 100
"""Maximum number of expired keys that a write with a key deletes, so that it holds the lock for a
short time. Such a write adds one key, so the table can't grow without bound."""

_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_HAS_EXPIRED = keys.c.created_at <= bindparam("expired")
_UNEXPIRED = select(keys).where(keys.c.digest == bindparam("digest"), ~_HAS_EXPIRED)
# Rows that another transaction is deleting are skipped, so that no transaction waits for another.
# A common table expression is evaluated once; PostgreSQL may evaluate a subquery for each row.
_OLDEST = (
    select(keys.c.digest)
    .where(_HAS_EXPIRED)
    .order_by(keys.c.created_at)
    .limit(bindparam("maximum", type_=Integer))
    .with_for_update(skip_locked=True)
    .cte("oldest")
)
# Python's sqlite3 doesn't count the rows of a statement that begins with WITH.
_PURGE = delete(keys).where(keys.c.digest.in_(select(_OLDEST.c.digest))).returning(keys.c.digest)


class KeyTaken(Exception):
    """A request with this key was processed, and the key has not expired."""


class Key(NamedTuple):
    """An idempotency key: the digest, the fingerprint of the form, and the account.

    `username_key` is the account's username in lower case, if there is an account.
    """

    digest: bytes
    fingerprint: bytes
    username_key: str | None = None


def _expired_at(now: datetime) -> datetime:
    """Return the creation time of keys that expire `now`."""
    return now - timedelta(hours=RETRY_HOURS)


def find(connection: Connection, key: Key, now: datetime) -> Any:
    """Return the row of the key, or None if there is none or it has expired."""
    given = {"digest": key.digest, "expired": _expired_at(now)}
    return connection.execute(_UNEXPIRED, given).first()


def purge(connection: Connection, now: datetime, maximum: int) -> int:
    """Delete at most `maximum` expired keys, the oldest ones, and return their number."""
    return len(connection.execute(_PURGE, {"expired": _expired_at(now), "maximum": maximum}).all())


def claim(connection: Connection, key: Key, values: dict[str, Any]) -> None:
    """Store the key, with those `values` of the new row that a retry needs. Raises `KeyTaken`.

    Replaces an expired key. If another transaction writes the same key, wait until it ends: for the
    index entry on PostgreSQL, for the lock on SQLite.
    """
    now = values["created_at"]
    row = {
        **key._asdict(),
        "password_hash": values.get("password_hash"),
        "record_id": values.get("id"),
        "created_at": now,
    }
    purge(connection, now, MAX_PURGED)
    parameters = row | {"expired": _expired_at(now)}
    if connection.execute(_CLAIM[connection.dialect.name], parameters).rowcount != 1:
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
    """Replace the password hashes in the account's keys, so that no old hash remains."""
    own = (keys.c.username_key == username_key) & keys.c.password_hash.is_not(None)
    connection.execute(update(keys).where(own).values(password_hash=password_hash))


def delete_key_of(connection: Connection, record_id: UUID) -> None:
    """Delete the key that created the record, if any."""
    connection.execute(delete(keys).where(keys.c.record_id == record_id))


def delete_keys(connection: Connection, username_key: str) -> None:
    """Delete the account's keys."""
    connection.execute(delete(keys).where(keys.c.username_key == username_key))
