"""What is kept and found: the queries. The unique constraint decides, never a look beforehand."""

from datetime import UTC, datetime
from typing import cast
from uuid import UUID, uuid4

from flask import current_app
from sqlalchemy import ColumnElement, Engine, bindparam, delete, func, literal_column, select
from sqlalchemy.exc import IntegrityError
from werkzeug.local import LocalProxy

from api.storage.account_writes import delete_account, replace_hash
from api.storage.keyed_writes import KEPT_UNDER, Key, KeyedWrites, expired_at
from api.storage.lookup import Lookup, Reader, Record
from api.storage.models import accounts, metadata, user_details
from api.storage.pool import connection_of

_ONE: ColumnElement[int] = literal_column("1")
_ACCOUNT = select(accounts).where(accounts.c.username_key == bindparam("key"))
_DETAILS = select(user_details).where(user_details.c.id == bindparam("key"))
_NEWEST = (
    select(user_details)
    .where(user_details.c.account_id == bindparam("key"))
    .order_by(user_details.c.number.desc())
    .limit(_ONE)
)
_READY = select(func.now(), *(select(table).exists() for table in metadata.sorted_tables))
"""Reads every table, and a moment as the driver gives it."""


class UsernameTaken(Exception):
    """There is an account of this name, whatever the letter case."""


class NoSuchRecord(Exception):
    """No record has this key, or was made by this account."""


def _found(record: Record | None) -> Record:
    if record is None:
        raise NoSuchRecord
    return record


class Store:
    """Accounts and records. Each method is one statement, and on disk when it returns.

    Those with a `key` are one transaction: they do all of it, or raise `KeyTaken` or another error.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._accounts = KeyedWrites(engine, accounts, unique="username_key")
        self._details = KeyedWrites(engine, user_details)
        self._reader = Reader(engine)
        self._account = Lookup(self._reader, _ACCOUNT)
        self._by_id = Lookup(self._reader, _DETAILS)
        self._newest = Lookup(self._reader, _NEWEST)

    def close(self) -> None:
        """Close all connections; what is asked next opens new ones."""
        self._reader.close()
        self.engine.dispose()

    def add_account(self, username: str, password_hash: str | None, key: Key | None = None) -> None:
        """Raises `UsernameTaken`."""
        try:
            self._accounts.add(
                key,
                username=username,
                username_key=username.lower(),
                password_hash=password_hash,
                created_at=datetime.now(UTC),
            )
        except IntegrityError as error:
            raise UsernameTaken from error

    def find_account(self, username: str) -> Record | None:
        return self._account.first(username.lower())

    def set_password(self, username: str, password_hash: str, replacing: str | None = None) -> bool:
        """Return whether there is such an account, and its hash was the one to be replaced.

        No older hash is left in the account's idempotency keys.
        """
        return replace_hash(self.engine, username.lower(), password_hash, replacing)

    def delete_account(self, account: Record) -> bool:
        """Delete the account and its idempotency keys, and return whether it was still there."""
        return delete_account(self.engine, account.id, account.username_key)

    def add_details(
        self,
        *,
        username: str,
        firstname: str | None,
        lastname: str,
        account_id: int | None,
        key: Key | None = None,
    ) -> UUID:
        """The new record's id, of 122 random bits."""
        record_id = uuid4()
        self._details.add(
            key,
            id=record_id,
            username=username,
            firstname=firstname,
            lastname=lastname,
            account_id=account_id,
            created_at=datetime.now(UTC),
        )
        return record_id

    def find_details(self, id: UUID) -> Record:
        """Raises `NoSuchRecord`."""
        return _found(self._by_id.first(id))

    def newest_details(self, account_id: int) -> Record:
        """Raises `NoSuchRecord`."""
        return _found(self._newest.first(account_id))

    def delete_details(self, id: UUID) -> None:
        """It is gone for good. Raises `NoSuchRecord`."""
        with connection_of(self.engine) as connection:
            if not connection.execute(delete(user_details).where(user_details.c.id == id)).rowcount:
                raise NoSuchRecord

    def find_key(self, key: Key) -> Record | None:
        """What is kept of the request that was done under the key."""
        asked = {"digest": key.digest, "expired": expired_at(datetime.now(UTC))}
        with connection_of(self.engine) as connection:
            return connection.execute(KEPT_UNDER, asked).first()

    def ping(self) -> None:
        """Raise the database's own error if the tables can't be read."""
        with connection_of(self.engine) as connection:
            connection.execute(_READY).first()


store = cast("Store", LocalProxy(lambda: current_app.extensions["store"]))
