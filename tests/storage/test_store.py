"""Stored timestamps are in UTC, regardless of the machine's time zone."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from api.config import Settings
from api.storage.database import Database, open_engine
from api.storage.store import NoSuchRecord, Store, UsernameTaken
from tests.actor import RECORD


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    some = Store(Database(open_engine(Settings(database_url=sqlite_url))))
    yield some
    some.close()


def test_a_moment_is_kept_in_utc_wherever_the_machine_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        store.add_account("ada", None)
        key = store.add_details(**RECORD)
        kept = store.find_account("ADA"), store.find_details(key)
    finally:
        monkeypatch.undo()
        time.tzset()
    now = datetime.now(UTC)
    assert all(row and now - timedelta(minutes=5) < row.created_at <= now for row in kept)


def test_missing_rows_are_reported(store: Store) -> None:
    assert store.find_account("ada") is None and store.set_password("ada", "x") is False
    with pytest.raises(NoSuchRecord):
        store.newest_details(1)
    store.add_account("ada", "x")
    with pytest.raises(UsernameTaken):
        store.add_account("ADA", None)


def test_a_hash_is_replaced_while_it_is_the_one_to_be_replaced(store: Store) -> None:
    store.add_account("ada", "one")
    assert store.set_password("Ada", "two", replacing="one") is True
    assert store.set_password("ada", "three", replacing="one") is False
    account = store.find_account("ada")
    assert account and account.password_hash == "two"
