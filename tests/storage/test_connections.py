"""Every connection is returned to the pool, and a broken one is replaced."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Connection, Engine, QueuePool, create_engine, exc, text

from api.config import Settings
from api.storage.database import open_engine

ONE = text("SELECT 1")
ADA = """INSERT INTO accounts (username, username_key, created_at)
    VALUES ('ada', 'ada', '2026-11-24')"""
BROKEN = (exc.DBAPIError, exc.DisconnectionError)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine with two connections."""
    engine = open_engine(Settings(database_url=database_url, threads=2))
    yield engine
    engine.dispose()


def used(engine: Engine) -> int:
    return cast("QueuePool", engine.pool).checkedout()


def assert_all_can_be_had(engine: Engine) -> None:
    """Assert that two connections can be had and work. First check that none is lost."""
    assert used(engine) == 0
    with engine.connect() as one, engine.connect() as other:
        assert (one.scalar(ONE), other.scalar(ONE)) == (1, 1)
        assert used(engine) == 2


def test_a_connection_is_given_back_whatever_is_raised_meanwhile(engine: Engine) -> None:
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), engine.connect():
            _ = 1 / 0
        assert used(engine) == 0
        with pytest.raises(exc.SQLAlchemyError), engine.connect() as connection:
            connection.execute(text("SELECT nothing FROM nowhere"))
        assert used(engine) == 0
    assert_all_can_be_had(engine)


def test_a_place_is_given_back_where_no_connection_can_be_opened(tmp_path: Path) -> None:
    engine = open_engine(Settings(database_url=f"sqlite:///{tmp_path / 'gone.db'}", threads=2))
    for _ in range(3):
        with pytest.raises(exc.OperationalError), engine.connect():
            pytest.fail("there is no such file")
        assert used(engine) == 0
    (tmp_path / "gone.db").touch()
    with engine.connect() as one, engine.connect() as other:
        assert (one.scalar(ONE), other.scalar(ONE)) == (1, 1)
    engine.dispose()


def test_a_request_that_waits_too_long_fails(database_url: str) -> None:
    engine = open_engine(Settings(database_url=database_url, threads=2, database_timeout=1))
    with ExitStack() as held:
        # The writer has an extra connection.
        for _ in range(2 + (engine.dialect.name == "sqlite")):
            held.enter_context(engine.connect())
        with pytest.raises(exc.TimeoutError):
            engine.connect()
    assert_all_can_be_had(engine)
    engine.dispose()


def breaks(connection: Connection) -> None:
    """Break the connection, as if the server ended or the file was closed."""
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.close()  # type: ignore[union-attr]
        connection.execute(ONE)
    connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_connection_that_breaks_in_use_is_replaced(engine: Engine) -> None:
    for _ in range(3):
        with pytest.raises(BROKEN), engine.connect() as connection:
            breaks(connection)
        assert used(engine) == 0
    assert_all_can_be_had(engine)


def test_a_connection_that_broke_while_nobody_used_it_is_replaced(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.connect() as one, engine.connect() as other:
        assert (one.scalar(ONE), other.scalar(ONE)) == (1, 1)
    if engine.dialect.name == "sqlite":  # Replace the file by a copy of it.
        shutil.copy(str(engine.url.database), tmp_path / "copy.db")
        (tmp_path / "copy.db").replace(str(engine.url.database))
        here = create_engine(engine.url)
    else:
        here = create_engine(engine.url)
        with here.connect() as another:
            others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            ours = "AND datname = current_database() AND backend_type = 'client backend'"
            another.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({others} {ours}) AS o"))
    with engine.connect() as one, engine.connect():
        one.execute(text(ADA))
    with here.connect() as looking:
        assert looking.scalars(text("SELECT username FROM accounts")).all() == ["ada"]
    here.dispose()
    assert_all_can_be_had(engine)
