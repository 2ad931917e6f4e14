"""Connections are had in turns, and every turn comes back, whatever became of it."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import cast

import pytest
from sqlalchemy import Connection, Engine, create_engine, exc, text

from api.config import Settings
from api.database import open_database
from api.pool import Pool, Turns, connection_of

ONE = text("SELECT 1")
ADA = """INSERT INTO accounts (username, username_key, created_at)
    VALUES ('ada', 'ada', '2026-11-24')"""
BROKEN = (exc.DBAPIError, exc.DisconnectionError)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """It has two connections, and waits no longer than a tenth of a second for one."""
    engine = open_database(Settings(database_url=database_url, threads=2))
    cast("Pool", engine.pool).turns = Turns(2, 0.1)
    yield engine
    engine.dispose()


def waiting(turns: Turns, then: Callable[[], object]) -> Thread:
    """Somebody who waits for a turn by now, and has it for as long as `then` takes."""
    number = len(turns._waiting)

    def wait() -> None:
        with suppress(TimeoutError):
            turns.take()
            then()
            turns.give()

    thread = Thread(target=wait, daemon=True)
    thread.start()
    while len(turns._waiting) == number and thread.is_alive():
        time.sleep(0.001)
    return thread


def turns_left(engine: Engine) -> int:
    return cast("Pool", engine.pool).turns._free


def assert_all_can_be_had(engine: Engine) -> None:
    """Both at once, and they work; who lacks a turn would wait for ever, so look beforehand."""
    assert turns_left(engine) == 2
    with connection_of(engine) as one, connection_of(engine) as other:
        assert (one.scalar(ONE), other.scalar(ONE)) == (1, 1)
        assert turns_left(engine) == 0


def test_who_has_waited_longest_comes_next() -> None:
    turns, came = Turns(1, 5), list[str]()
    turns.take()
    threads = [waiting(turns, lambda name=name: came.append(name)) for name in "abcd"]  # type: ignore[misc]
    turns.give()
    for thread in threads:
        thread.join(5)
    assert came == [*"abcd"]


def test_there_are_as_many_turns_as_are_said_and_no_more() -> None:
    turns, came = Turns(2, 5), list[str]()
    turns.take()
    turns.take()
    third = waiting(turns, lambda: came.append("third"))
    time.sleep(0.02)
    assert came == []
    turns.give()
    third.join(5)
    assert came == ["third"]


def test_who_has_waited_for_too_long_leaves_the_turn_to_the_next() -> None:
    turns, came = Turns(1, 0.2), list[str]()
    turns.take()
    late = waiting(turns, lambda: came.append("late"))
    time.sleep(0.15)
    in_time = waiting(turns, lambda: came.append("in time"))
    time.sleep(0.1)
    turns.give()
    late.join(5)
    in_time.join(5)
    assert came == ["in time"]
    assert turns._free == 1  # It was given back by both.


def test_a_connection_is_given_back_whatever_is_raised_meanwhile(engine: Engine) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), connection_of(engine):
            _ = 1 / 0
        assert turns_left(engine) == 2
        with pytest.raises(exc.SQLAlchemyError), connection_of(engine) as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))
        assert turns_left(engine) == 2
    assert_all_can_be_had(engine)


def test_a_turn_is_given_back_where_no_connection_can_be_opened(tmp_path: Path) -> None:
    engine = open_database(Settings(database_url=f"sqlite:///{tmp_path / 'gone.db'}", threads=2))
    for _ in range(3):
        with pytest.raises(exc.OperationalError), connection_of(engine):
            pytest.fail("there is no such file")
        assert turns_left(engine) == 2
    (tmp_path / "gone.db").touch()
    with connection_of(engine) as one, connection_of(engine) as other:
        assert (one.scalar(ONE), other.scalar(ONE)) == (1, 1)
    engine.dispose()


def test_who_waits_for_too_long_is_told_that_all_are_in_use(engine: Engine) -> None:
    told: list[Exception] = []

    def ask() -> None:
        try:
            with connection_of(engine):
                pytest.fail("it has come too late")
        except exc.TimeoutError as error:
            told.append(error)

    with connection_of(engine), connection_of(engine):
        asking = Thread(target=ask, daemon=True)
        asking.start()
        time.sleep(0.15)
    asking.join(5)
    assert [str(error) for error in told] == ["all connections are in use"]
    assert_all_can_be_had(engine)


def breaks(connection: Connection) -> None:
    """As when its server ends, or its file is closed."""
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.close()  # type: ignore[union-attr]
        connection.execute(ONE)
    connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_connection_that_breaks_in_use_is_replaced(engine: Engine) -> None:
    for _ in range(3):
        with pytest.raises(BROKEN), connection_of(engine) as connection:
            breaks(connection)
        assert turns_left(engine) == 2
    assert_all_can_be_had(engine)


def test_a_connection_that_broke_while_nobody_used_it_is_replaced(
    engine: Engine, tmp_path: Path
) -> None:
    with connection_of(engine) as one, connection_of(engine) as other:
        assert (one.scalar(ONE), other.scalar(ONE)) == (1, 1)
    if engine.dialect.name == "sqlite":  # Another file is there in its place.
        shutil.copy(str(engine.url.database), tmp_path / "copy.db")
        (tmp_path / "copy.db").replace(str(engine.url.database))
        here = create_engine(engine.url)
    else:
        here = create_engine(engine.url)
        with here.connect() as another:
            others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            ours = "AND datname = current_database() AND backend_type = 'client backend'"
            another.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({others} {ours}) AS o"))
    with connection_of(engine) as one, connection_of(engine):
        one.execute(text(ADA))
    with here.connect() as looking:
        assert looking.scalars(text("SELECT username FROM accounts")).all() == ["ada"]
    here.dispose()
    assert_all_can_be_had(engine)
