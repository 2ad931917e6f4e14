"""Every connection goes back to the pool, and its place in the semaphore with it."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import cast

import pytest
from sqlalchemy import Connection, Engine, create_engine, exc, text

from api.config import Settings
from api.storage.database import open_database
from api.storage.pool import Pool, connection_of
from tests.test_fair_semaphore import Clock, clock

__all__ = ["clock"]

ONE = text("SELECT 1")
ADA = """INSERT INTO accounts (username, username_key, created_at)
    VALUES ('ada', 'ada', '2026-11-24')"""
BROKEN = (exc.DBAPIError, exc.DisconnectionError)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine with two connections."""
    engine = open_database(Settings(database_url=database_url, threads=2))
    yield engine
    engine.dispose()


def free(engine: Engine) -> int:
    return cast("Pool", engine.pool).semaphore.free


def assert_all_can_be_had(engine: Engine) -> None:
    """Both at once, and they work. A lost place would block for ever, so look beforehand."""
    assert free(engine) == 2
    with connection_of(engine) as one, connection_of(engine) as other:
        assert (one.scalar(ONE), other.scalar(ONE)) == (1, 1)
        assert free(engine) == 0


def test_a_connection_is_given_back_whatever_is_raised_meanwhile(engine: Engine) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), connection_of(engine):
            _ = 1 / 0
        assert free(engine) == 2
        with pytest.raises(exc.SQLAlchemyError), connection_of(engine) as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))
        assert free(engine) == 2
    assert_all_can_be_had(engine)


def test_a_place_is_given_back_where_no_connection_can_be_opened(tmp_path: Path) -> None:
    engine = open_database(Settings(database_url=f"sqlite:///{tmp_path / 'gone.db'}", threads=2))
    for _ in range(3):
        with pytest.raises(exc.OperationalError), connection_of(engine):
            pytest.fail("there is no such file")
        assert free(engine) == 2
    (tmp_path / "gone.db").touch()
    with connection_of(engine) as one, connection_of(engine) as other:
        assert (one.scalar(ONE), other.scalar(ONE)) == (1, 1)
    engine.dispose()


def test_a_request_that_waits_too_long_is_told_that_all_are_in_use(
    engine: Engine, clock: Clock
) -> None:
    errors: list[Exception] = []

    def ask() -> None:
        try:
            with connection_of(engine):
                pytest.fail("its timeout had expired")
        except exc.TimeoutError as error:
            errors.append(error)

    with connection_of(engine), connection_of(engine):
        asking = Thread(target=ask, daemon=True)
        asking.start()
        while not cast("Pool", engine.pool).semaphore.waiting:
            time.sleep(0.001)
        clock.now += 5.1
    asking.join(60)
    assert [str(error) for error in errors] == ["all connections are in use"]
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
        assert free(engine) == 2
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
