"""A row with its key is written in one go: no lock is held while somebody else has their turn."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from api.config import Settings
from api.database import open_database
from api.header_fields import RETRY_HOURS
from api.keyed_writes import Key, KeyedWrites, KeyTaken
from api.models import idempotency_keys, user_details
from tests.test_group_commit import count, details
from tests.test_threads import concurrently, event_loop

__all__ = ["event_loop"]

KEY = Key(b"k" * 32, b"f" * 32)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(Settings(database_url=database_url, database_timeout=1))
    yield engine
    engine.dispose()


def test_all_of_it_is_put_to_the_database_by_one_thread_that_is_not_the_loops(
    engine: Engine, event_loop: None
) -> None:
    put: list[tuple[int, str]] = []

    def see(*given: Any) -> None:
        put.append((get_ident(), given[2].split()[0]))

    event.listen(engine, "before_cursor_execute", see)
    concurrently(lambda: KeyedWrites(engine, user_details).add(KEY, **details()))
    assert [word for _, word in put] == ["BEGIN", "WITH", "INSERT", "INSERT", "COMMIT"]
    assert {thread for thread, _ in put} == {put[0][0]} != {get_ident()}


def test_a_key_that_was_used_is_told_and_nothing_written(engine: Engine) -> None:
    """Also to who looked before it was."""
    writes = KeyedWrites(engine, user_details)
    writes.add(KEY, **details())
    with pytest.raises(KeyTaken):
        writes.add(KEY, **details())
    writes.add(Key(b"o" * 32, b"f" * 32), **details())
    writes.add(None, **details())
    assert (count(engine, user_details), count(engine, idempotency_keys)) == (3, 2)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_old_key_that_another_clears_away_is_not_waited_for(engine: Engine) -> None:
    """SQLite has but one who writes at once."""
    old = datetime.now(UTC) - timedelta(hours=RETRY_HOURS, minutes=1)
    row = {"digest": b"old", "fingerprint": b"", "created_at": old}
    with engine.connect() as connection:
        connection.execute(idempotency_keys.insert(), row)
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as another:
        another.execute(select(idempotency_keys).with_for_update())
        KeyedWrites(engine, user_details).add(KEY, **details())
        assert count(engine, user_details) == 1
