"""What is kept and found: the queries. The unique constraint decides, never a look beforehand."""

from datetime import UTC, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid4

from flask import current_app
from sqlalchemy import (
    Delete,
    Engine,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from werkzeug.local import LocalProxy

from api.connections import connection_of
from api.group_commit import GroupCommit
from api.keyed_writes import KeyedWrites
from api.models import accounts, user_details

# Made once: SQLAlchemy would take longer to put them together than the database to answer.
_ACCOUNT = select(accounts).where(accounts.c.username_key == bindparam("key")).limit(1)
_DETAILS = select(user_details).where(user_details.c.id == bindparam("key")).limit(1)
_NEWEST = (
    select(user_details)
    .where(user_details.c.account_id == bindparam("key"))
    .order_by(user_details.c.number.desc())
    .limit(1)
)
_ANY = select(accounts.c.id).limit(1)


class UsernameTaken(Exception):
    """There is an account of this name, whatever the letter case."""


class NoSuchRecord(Exception):
    """No record has this key, or was made by this account."""


class Key(NamedTuple):
    """Stands for a request that may be sent again: what it is known by, and its form's print."""

    digest: bytes
    fingerprint: bytes


class Store:
    """Accounts and records. Each method is one statement, and on disk when it returns.

    Those with a `key` are one transaction: they do all of it, or raise `KeyTaken` or another error.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._groups = {
            accounts: GroupCommit(engine, accounts, unique="username_key"),
            user_details: GroupCommit(engine, user_details),
        }
        self._keyed = KeyedWrites(engine)

    def find_key(self, key: Key) -> Row[Any] | None:
        """What was kept of the request that was done under the key, if any was of late."""
        return self._keyed.find(key.digest, datetime.now(UTC))

    def _add(self, table: Table, key: Key | None, **values: Any) -> None:
        """Add the row, with others that come at the same time; or alone, together with its key."""
        values["created_at"] = datetime.now(UTC)
        if key is None:
            self._groups[table].add(**values)
        else:
            kept = {
                "password_hash": values.get("password_hash"),
                "record_id": values.get("id"),
                "created_at": values["created_at"],
            }
            self._keyed.add(table, values, key._asdict() | kept)

    def add_account(self, username: str, password_hash: str | None, key: Key | None = None) -> None:
        """Raises `UsernameTaken`."""
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

    def find_account(self, username: str) -> Row[Any] | None:
        return self._first(_ACCOUNT, key=username.lower())

    def set_password(self, username: str, password_hash: str, replacing: str | None = None) -> bool:
        """Whether there is such an account, and its hash was still the one to be replaced."""
        change = update(accounts).where(accounts.c.username_key == username.lower())
        if replacing:
            change = change.where(accounts.c.password_hash == replacing)
        return self._change(change.values(password_hash=password_hash)) == 1

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
        self._add(
            user_details,
            key,
            id=record_id,
            username=username,
            firstname=firstname,
            lastname=lastname,
            account_id=account_id,
        )
        return record_id

    def find_details(self, id: UUID) -> Row[Any]:
        """Raises `NoSuchRecord`."""
        return self._one(_DETAILS, key=id)

    def newest_details(self, account_id: int) -> Row[Any]:
        """Raises `NoSuchRecord`."""
        return self._one(_NEWEST, key=account_id)

    def delete_details(self, id: UUID) -> None:
        """It is gone for good. Raises `NoSuchRecord`."""
        if not self._change(delete(user_details).where(user_details.c.id == id)):
            raise NoSuchRecord

    def ping(self) -> None:
        """Raises the database's own error when it can't be reached."""
        self._first(_ANY)

    def _first(self, query: Select[Any], **parameters: Any) -> Row[Any] | None:
        with connection_of(self.engine) as connection:
            return connection.execute(query, parameters).first()

    def _one(self, query: Select[Any], **parameters: Any) -> Row[Any]:
        record = self._first(query, **parameters)
        if record is None:
            raise NoSuchRecord
        return record

    def _change(self, statement: Update | Delete) -> int:
        """How many rows it changed."""
        with connection_of(self.engine) as connection:
            return connection.execute(statement).rowcount


store = cast("Store", LocalProxy(lambda: current_app.extensions["store"]))
