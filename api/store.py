"""What is kept and found: the queries. The unique constraint decides, never a look beforehand."""

from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

from flask import current_app
from sqlalchemy import Engine, Row, Select, delete, func, insert, select, update
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
        values = {
            "username": username,
            "username_key": username.lower(),
            "password_hash": password_hash,
            "created_at": datetime.now(UTC),
        }
        try:
            with self.engine.connect() as connection:
                connection.execute(insert(accounts), values)
        except IntegrityError as error:
            raise UsernameTaken(username) from error

    def find_account(self, username: str) -> Row[Any] | None:
        query = select(accounts).where(accounts.c.username_key == username.lower())
        with self.engine.connect() as connection:
            return connection.execute(query).first()

    def set_password(self, username: str, password_hash: str, replacing: str | None = None) -> bool:
        """Whether there is such an account, and its hash was still the one to be replaced."""
        change = update(accounts).where(accounts.c.username_key == username.lower())
        if replacing:
            change = change.where(accounts.c.password_hash == replacing)
        with self.engine.connect() as connection:
            return connection.execute(change, {"password_hash": password_hash}).rowcount == 1

    def add_details(
        self, *, username: str, firstname: str | None, lastname: str, account_id: int | None
    ) -> UUID:
        """The new record's id, of 122 random bits."""
        record = {
            "id": uuid4(),
            "username": username,
            "firstname": firstname,
            "lastname": lastname,
            "account_id": account_id,
            "created_at": datetime.now(UTC),
        }
        with self.engine.connect() as connection:
            connection.execute(insert(user_details), record)
        return cast("UUID", record["id"])

    def find_details(self, id: UUID) -> Row[Any]:
        """Raises `NoSuchRecord`."""
        return self._one(select(user_details).where(user_details.c.id == id))

    def newest_details(self, account_id: int) -> Row[Any]:
        """Raises `NoSuchRecord`."""
        newest = select(func.max(user_details.c.number)).where(
            user_details.c.account_id == account_id
        )
        return self._one(
            select(user_details).where(user_details.c.number == newest.scalar_subquery())
        )

    def _one(self, query: Select[Any]) -> Row[Any]:
        with self.engine.connect() as connection:
            record = connection.execute(query).first()
        if record is None:
            raise NoSuchRecord
        return record

    def delete_details(self, id: UUID) -> None:
        """It is gone for good. Raises `NoSuchRecord`."""
        with self.engine.connect() as connection:
            gone = connection.execute(delete(user_details).where(user_details.c.id == id))
        if not gone.rowcount:
            raise NoSuchRecord

    def ping(self) -> None:
        """Raises the database's own error when it can't be reached."""
        with self.engine.connect() as connection:
            connection.execute(select(accounts.c.id).limit(1))


store = cast("Store", LocalProxy(lambda: current_app.extensions["store"]))
