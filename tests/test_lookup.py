"""On SQLite a row is found the short way, as SQLAlchemy would find it."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import bindparam, select

from api.config import Settings
from api.storage.database import open_database
from api.storage.lookup import Lookup, Reader
from api.storage.models import accounts, user_details
from api.storage.store import Store

NAMES: dict[str, Any] = {"firstname": None, "lastname": "Żółć \U0001f984"}


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    some = Store(open_database(Settings(database_url=database_url)))
    yield some
    some.close()


def by_sqlalchemy(store: Store, table: Any, column: Any, key: Any) -> Any:
    with store.engine.connect() as connection:
        return connection.execute(select(table).where(column == key)).one()


def test_it_is_the_row_that_sqlalchemy_finds(store: Store) -> None:
    store.add_account("Ada", "a hash")
    account = store.find_account("ADA")
    assert account == by_sqlalchemy(store, accounts, accounts.c.username_key, "ada")
    key = store.add_details(username="ada", account_id=account.id, **NAMES)
    for found in store.find_details(key), store.newest_details(account.id):
        assert found == by_sqlalchemy(store, user_details, user_details.c.id, key)
        assert (found.id, found.firstname, found.lastname) == (key, *NAMES.values())
        assert found.created_at.tzinfo


def test_nobody_reads_any_more_once_a_row_is_found(store: Store) -> None:
    """Else the log of SQLite would grow without end."""
    for _ in range(2):
        store.add_details(username="ada", account_id=None, **NAMES)
    usernames = select(user_details).where(user_details.c.username == bindparam("key"))
    lookup = Lookup(Reader(store.engine), usernames)
    found = lookup.first("ada")
    assert found and found.lastname == NAMES["lastname"]
    if store.engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(store.engine.url.database or "")) as another:
            (is_busy, *_) = another.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not is_busy


def test_many_threads_each_find_their_own(store: Store) -> None:
    keys = [store.add_details(username=f"u{i}", account_id=None, **NAMES) for i in range(20)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(store.find_details, keys * 20))
    assert [record.id for record in found] == keys * 20


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_put_in_the_place_of_the_one_that_was_read_is_read(store: Store) -> None:
    """A connection that is kept must not go on with a file that has gone."""
    assert store.find_account("ada") is None
    file = Path(store.engine.url.database or "")
    another = file.with_name(f"{uuid4()}.db")
    with closing(sqlite3.connect(file)) as opened, closing(sqlite3.connect(another)) as copy:
        opened.backup(copy)
        copy.execute(
            "INSERT INTO accounts (username, username_key, created_at) "
            "VALUES ('Ada', 'ada', '2026-01-01 00:00:00')"
        )
        copy.commit()
    another.rename(file)
    found = store.find_account("ada")
    assert found and found.username == "Ada"
