"""Groups of several processes don't wait for each other, nor does one of them grow too large."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, exc, insert, text

from api.config import Settings
from api.storage.database import open_database
from api.storage.group_commit import MOST, GroupCommit, _Row
from api.storage.models import accounts, user_details
from tests.test_group_commit import account, count, details, statements

WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def engines(postgresql_url: str) -> Iterator[list[Engine]]:
    """As two processes have them, and a third."""
    engines = [open_database(Settings(database_url=postgresql_url)) for _ in range(3)]
    yield engines
    for engine in engines:
        engine.dispose()


def write(engine: Engine, *usernames: str) -> list[type[Exception] | None]:
    """What comes of these rows, that wait in this order."""
    group = GroupCommit(engine, accounts, unique="username_key")
    rows = group._waiting = [_Row(account(username)) for username in usernames]
    group._write_group()
    return [type(row.error) if row.error else None for row in rows]


def test_two_groups_in_opposite_order_do_not_wait_for_each_other(engines: list[Engine]) -> None:
    one, other, third = engines
    with (
        third.connect().execution_options(isolation_level="READ COMMITTED") as held,
        one.connect() as looking,
        ThreadPoolExecutor() as pool,
    ):

        def wait_until_waiting(number: int) -> None:
            for _ in range(1000):
                if looking.scalar(WAITING) == number:
                    return
            raise AssertionError("nobody waits")

        held.execute(insert(accounts), account("mia"))
        first = pool.submit(write, one, "ada", "mia", "zoe")
        wait_until_waiting(1)
        second = pool.submit(write, other, "zoe", "ada", "eva")
        wait_until_waiting(2)
        held.rollback()
        assert first.result(60) == [None, None, None]
        assert second.result(60) == [exc.IntegrityError, exc.IntegrityError, None]


def test_more_rows_than_a_statement_takes_are_several_groups(engines: list[Engine]) -> None:
    """Else those of the first statement would stay written when the second breaks a constraint."""
    engine = engines[0]
    group = GroupCommit(engine, user_details)
    rows = group._waiting = [_Row(details()) for _ in range(MOST + 2)]
    with statements(engine) as seen:
        group._write_group()
        assert rows[MOST].told.done() and not rows[MOST].is_settled
        group._write_group()
    assert seen == [MOST, 2] and count(engine, user_details) == MOST + 2
    assert all(row.is_settled and not row.error for row in rows)
