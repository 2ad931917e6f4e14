"""An idempotency key is kept for the documented time, or until its record is deleted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from api.header_fields import RETRY_HOURS
from api.storage import store
from api.storage.keys import MAX_PURGED
from api.storage.tables import idempotency_keys
from tests.actor import PASSWORD, Someone, assert_problem
from tests.security.test_idempotency import OTHER, counted, keyed


def keep_expired(app: Flask, number: int) -> None:
    """Add `number` expired keys."""
    then = datetime.now(UTC) - timedelta(hours=RETRY_HOURS, minutes=1)
    rows = [{"digest": b"%d" % n, "fingerprint": b"", "created_at": then} for n in range(number)]
    with app.extensions["store"].database.engine.connect() as connection:
        connection.execute(idempotency_keys.insert(), rows)


class Clock:
    """A clock that a test can set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self, zone: Any) -> datetime:
        return datetime.now(zone) + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(store, "datetime", clock)
    return clock


def test_after_the_record_is_deleted_its_key_makes_a_new_one(app: Flask, someone: Someone) -> None:
    other = someone.gives_details(keyed(OTHER))
    first = someone.gives_details(keyed())
    someone.deletes(first.headers["Location"])
    assert counted(app) == (0, 1, 1)
    again = someone.gives_details(keyed(), lastname="another")
    assert again.status_code == 201
    assert again.headers["Location"] != first.headers["Location"]
    assert_problem(someone.reads(first.headers["Location"]), 404)
    assert someone.reads(again.headers["Location"]).get_json()["lastname"] == "another"
    # The keys of other records stay.
    assert someone.gives_details(keyed(OTHER)).get_json() == other.get_json()
    assert counted(app) == (0, 2, 2)


def test_after_the_account_is_deleted_the_answer_is_the_same(app: Flask, someone: Someone) -> None:
    someone.signs_up("ada", PASSWORD, **keyed())
    with app.extensions["store"].database.engine.connect() as connection:
        connection.execute(text("DELETE FROM accounts"))
    assert someone.signs_up("ada", PASSWORD, **keyed()).status_code == 200
    assert counted(app) == (0, 0, 1)


def test_a_key_is_kept_for_the_stated_time_and_then_new(
    app: Flask, someone: Someone, clock: Clock
) -> None:
    first = someone.gives_details(keyed())
    clock.ahead = timedelta(hours=RETRY_HOURS) - timedelta(minutes=1)
    assert someone.gives_details(keyed()).get_json() == first.get_json()
    clock.ahead = timedelta(hours=RETRY_HOURS)
    later = someone.gives_details(keyed(), lastname="another")
    assert later.status_code == 201 and later.get_json() != first.get_json()
    assert someone.gives_details(keyed(), lastname="another").get_json() == later.get_json()
    assert counted(app) == (0, 2, 1)


def test_keys_that_have_expired_are_cleared_away_but_not_too_many_at_once(
    app: Flask, someone: Someone, clock: Clock
) -> None:
    first = someone.gives_details(keyed())
    # Let PostgreSQL update its statistics, because otherwise its plan may delete row by row.
    with app.extensions["store"].database.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
    clock.ahead = timedelta(hours=RETRY_HOURS)
    keep_expired(app, MAX_PURGED + 2)
    assert someone.gives_details(keyed()).get_json() != first.get_json()
    # The request's own key was not among the oldest, but is treated as new too.
    assert counted(app) == (0, 2, 3)
    someone.signs_up(**keyed())
    assert counted(app) == (1, 2, 2)
