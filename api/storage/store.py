"""The queries. Unique constraints detect duplicates, because a check before a write can race."""

from datetime import UTC, datetime
from typing import Any, TypeAlias, cast
from uuid import UUID, uuid4

from flask import current_app
from sqlalchemy import (
    Connection,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from werkzeug.local import LocalProxy

from api.storage import keys
from api.storage.database import Database
from api.storage.keys import Key
from api.storage.tables import accounts, metadata, user_details

Record: TypeAlias = Any
"""A row of a table, with its columns as attributes."""

# Frequent statements are built once, because building them takes SQLAlchemy long.
_INSERT = {table: insert(table) for table in (accounts, user_details)}
_ACCOUNT = select(accounts).where(accounts.c.username_key == bindparam("username_key"))
_DETAILS = select(user_details).where(user_details.c.id == bindparam("id"))
_NEWEST = (
    select(user_details)
    .where(user_details.c.account_id == bindparam("account_id"))
    .order_by(user_details.c.number.desc())
    .limit(literal_column("1"))
)
_READY: Any = select(func.now(), *(select(table).exists() for table in metadata.sorted_tables))
"""Reads every table, and a time as the driver returns it."""


class UsernameTaken(Exception):
    """There is an account with this username, in any letter case."""


class NoSuchRecord(Exception):
    """There is no record with this id, or of this account."""


class Store:
    """Accounts and records. Each method is one transaction, which is on disk when it returns.

    A method with a `key` stores the key in the same transaction, or raises `KeyTaken`.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self.database.close()

    def _first(self, query: Select[Any], **values: Any) -> Record | None:
        return self.database.read(lambda connection: connection.execute(query, values).first())

    def _add(self, table: Table, key: Key | None, **values: Any) -> None:
        values["created_at"] = datetime.now(UTC)

        def add(connection: Connection) -> None:
            if key:
                keys.claim(connection, key, values)
            connection.execute(_INSERT[table], values)

        self.database.write(add)

    def add_account(self, username: str, password_hash: str | None, key: Key | None = None) -> None:
        """Add an account. Raises `UsernameTaken`."""
        try:
            self._add(
                accounts,
                key,
                username=username,
                username_key=username.lower(),
                password_hash=password_hash,
            )
        except IntegrityError as error:
            raise UsernameTaken from error

    def find_account(self, username: str) -> Record | None:
        """Return the account with this username, in any letter case, or None."""
        return self._first(_ACCOUNT, username_key=username.lower())

    def set_password(self, username: str, password_hash: str, replacing: str | None = None) -> bool:
        """Set the password hash, and return whether an account was changed.

        If `replacing` is given, the account must have that hash. The hashes in the account's
        idempotency keys are replaced too.
        """
        username_key = username.lower()
        account = update(accounts).where(accounts.c.username_key == username_key)
        if replacing:
            account = account.where(accounts.c.password_hash == replacing)

        def replace(connection: Connection) -> bool:
            found = connection.execute(account.values(password_hash=password_hash)).rowcount == 1
            if found:
                keys.replace_hash(connection, username_key, password_hash)
            return found

        return self.database.write(replace)

    def delete_account(self, account: Record) -> bool:
        """Delete the account and its idempotency keys, and return whether the account existed.

        Its records remain, without an account.
        """

        def remove(connection: Connection) -> bool:
            # The account first: its deletion waits for writes with keys that refer to the account.
            statement = delete(accounts).where(accounts.c.id == account.id)
            found = connection.execute(statement).rowcount == 1
            if found:
                keys.delete_keys(connection, account.username_key)
            return found

        return self.database.write(remove)

    def add_details(
        self, *, account_id: int | None, key: Key | None = None, **details: str | None
    ) -> UUID:
        """Add a record of the details, which are named as the columns.

        Return the record's id, which has 122 random bits.
        """
        record_id = uuid4()
        self._add(user_details, key, id=record_id, account_id=account_id, **details)
        return record_id

    def count_details(self, account: Record) -> int:
        """Return the number of the account's records."""
        count = select(func.count()).where(user_details.c.account_id == account.id)
        return self.database.read(lambda connection: connection.scalars(count).one())

    def find_details(self, id: UUID) -> Record:
        """Return the record. Raises `NoSuchRecord`."""
        return _found(self._first(_DETAILS, id=id))

    def newest_details(self, account_id: int) -> Record:
        """Return the account's newest record. Raises `NoSuchRecord`."""
        return _found(self._first(_NEWEST, account_id=account_id))

    def delete_details(self, id: UUID) -> None:
        """Delete the record for good, and the key that created it. Raises `NoSuchRecord`."""
        row = delete(user_details).where(user_details.c.id == id)

        def remove(connection: Connection) -> bool:
            # The record first, as in `delete_account`, so that the two can't deadlock.
            found = connection.execute(row).rowcount == 1
            if found:
                keys.delete_key_of(connection, id)
            return found

        if not self.database.write(remove):
            raise NoSuchRecord

    def find_key(self, key: Key) -> Record | None:
        """Return the row of the key, or None if there is none or it has expired."""
        now = datetime.now(UTC)
        return self.database.read(lambda connection: keys.find(connection, key, now))

    def ping(self) -> None:
        """Raise the database's own error if the tables can't be read."""
        self._first(_READY)


def _found(record: Record | None) -> Record:
    if record is None:
        raise NoSuchRecord
    return record


store = cast("Store", LocalProxy(lambda: current_app.extensions["store"]))
