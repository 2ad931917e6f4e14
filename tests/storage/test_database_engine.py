"""The engine's options, and its descriptions in messages."""

from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy.exc import OperationalError

from api.config import Settings
from api.storage.database import open_engine
from api.storage.errors import DatabaseError, describe_error, describe_url
from api.storage.migrate import upgrade
from api.storage.postgresql import Session

SERVER = Settings(
    database_url="postgresql://sam:secret@db:5433/n?sslmode=require", database_timeout=7, threads=3
)


def test_connections_have_the_timeout_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    options_given: dict[str, Any] = {}

    def stop(kind: type[Session], /, **options: Any) -> NoReturn:
        options_given.update(options, timeout=kind.timeout)
        raise LookupError

    monkeypatch.setattr(Session, "connect", classmethod(stop))
    with pytest.raises(LookupError):
        open_engine(SERVER).connect()
    assert options_given["connect_timeout"] == 7 and options_given["timeout"] == 7
    assert (options_given["host"], options_given["port"], options_given["user"]) == (
        "db",
        5433,
        "sam",
    )


@pytest.mark.parametrize(
    ("settings", "more", "pings"), [(SERVER, 0, True), (Settings(threads=3), 1, False)]
)
def test_there_are_as_many_connections_as_threads(
    settings: Settings, more: int, pings: bool
) -> None:
    """On SQLite the writer has an extra connection."""
    engine = open_engine(settings)
    pool: Any = engine.pool
    assert (pool.size(), pool._max_overflow) == (3, more)
    assert pool.timeout() == settings.database_timeout and pool._pre_ping is pings
    assert engine.hide_parameters
    engine.dispose()


def test_a_database_is_described_without_its_secrets(tmp_path: Path) -> None:
    assert describe_url(open_engine(SERVER)) == "postgresql+psycopg://sam:***@db:5433/n"
    file = tmp_path / "some.db"
    assert describe_url(open_engine(Settings(database_url=f"sqlite:///{file}"))) == str(file)


def test_describe_error_is_the_databases_first_line() -> None:
    assert describe_error(OperationalError("SELECT", {}, Exception(" gone\nfor sam "))) == "gone"
    assert (
        describe_error(ValueError("wrong")) == "wrong"
        and describe_error(ValueError()) == "ValueError"
    )


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    file = tmp_path / "no" / "some.db"
    engine = open_engine(Settings(database_url=f"sqlite:///{file}"))
    with pytest.raises(DatabaseError) as refused:
        upgrade(engine)
    assert str(refused.value) == f"{file}: No such file or directory."
