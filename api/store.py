"""What is kept and found: the queries. The unique constraint decides, never a look beforehand."""

from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

from flask import current_app
from sqlalchemy import Delete, Engine, Insert, Row, Select, Update, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.local import LocalProxy

from api.models import accounts, user_details


class UsernameTaken(Exception):
    """There is an account of this name, whatever the letter case."""


class NoSuchRecord(Exception):
    """No record has this key, or was made by this account."""


class Store:
    """Accounts and records. Each method is one statement, and on disk when it returns."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add_account(self, username: str, password_hash: str | None) -> None:
        """Raises `UsernameTaken`."""
        account = insert(accounts).values(
            username=username,
            username_key=username.lower(),
            password_hash=password_hash,
            created_at=datetime.now(UTC),
        )
        try:
            self._change(account)
        except IntegrityError as error:
            raise UsernameTaken from error

    def find_account(self, username: str) -> Row[Any] | None:
        return self._first(select(accounts).where(accounts.c.username_key == username.lower()))

    def set_password(self, username: str, password_hash: str, replacing: str | None = None) -> bool:
        """Whether there is such an account, and its hash was still the one to be replaced."""
        change = update(accounts).where(accounts.c.username_key == username.lower())
        if replacing:
            change = change.where(accounts.c.password_hash == replacing)
        return self._change(change.values(password_hash=password_hash)) == 1

    def add_details(
        self, *, username: str, firstname: str | None, lastname: str, account_id: int | None
    ) -> UUID:
        """The new record's id, of 122 random bits."""
        key = uuid4()
        record = insert(user_details).values(
            id=key,
            username=username,
            firstname=firstname,
            lastname=lastname,
            account_id=account_id,
            created_at=datetime.now(UTC),
        )
        self._change(record)
        return key

    def find_details(self, id: UUID) -> Row[Any]:
        """Raises `NoSuchRecord`."""
        return self._one(select(user_details).where(user_details.c.id == id))

    def newest_details(self, account_id: int) -> Row[Any]:
        """Raises `NoSuchRecord`."""
        own = select(user_details).where(user_details.c.account_id == account_id)
        return self._one(own.order_by(user_details.c.number.desc()))

    def delete_details(self, id: UUID) -> None:
        """It is gone for good. Raises `NoSuchRecord`."""
        if not self._change(delete(user_details).where(user_details.c.id == id)):
            raise NoSuchRecord

    def ping(self) -> None:
        """Raises the database's own error when it can't be reached."""
        self._first(select(accounts.c.id))

    def _first(self, query: Select[Any]) -> Row[Any] | None:
        with self.engine.connect() as connection:
            return connection.execute(query.limit(1)).first()

    def _one(self, query: Select[Any]) -> Row[Any]:
        record = self._first(query)
        if record is None:
            raise NoSuchRecord
        return record

    def _change(self, statement: Insert | Update | Delete) -> int:
        """How many rows it changed."""
        with self.engine.connect() as connection:
            return connection.execute(statement).rowcount


store = cast("Store", LocalProxy(lambda: current_app.extensions["store"]))
