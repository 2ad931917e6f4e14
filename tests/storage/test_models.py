"""Column types. For the tables themselves, see tests/storage/test_database.py."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import sqlite

from api.storage.tables import UtcDateTime


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """A machine in another time zone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        (None, None),
        (datetime(2026, 11, 24, 7), datetime(2026, 11, 24, 7, tzinfo=UTC)),  # noqa: DTZ001
        (
            datetime(2026, 11, 24, 7, tzinfo=timezone(timedelta(hours=1))),
            datetime(2026, 11, 24, 6, tzinfo=UTC),
        ),
    ],
)
def test_a_moment_is_read_in_utc_wherever_the_machine_is(
    kept: datetime | None, read: datetime | None, elsewhere: None
) -> None:
    found = UtcDateTime().process_result_value(kept, sqlite.dialect())
    assert found == read and (found is None or found.tzinfo is UTC)
    assert UtcDateTime.cache_ok is True
