"""The service refuses to start on an unusable database, with the reason on one line."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from api.config import Settings
from api.storage.database import open_engine
from api.storage.errors import DatabaseError
from api.storage.migrate import upgrade
from api.storage.sqlite import PRAGMAS
from tests.storage.test_database import empty_databases

SECRET = "hunter2"
NOWHERE = f"postgresql://sam:{SECRET}@127.0.0.1:1/sam"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    for (url,) in empty_databases(request, tmp_path):
        yield url


def refusal(url: str) -> str:
    """Return the error of a service that can't start on this database."""
    engine = open_engine(Settings(database_url=url, database_timeout=1))
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it hangs"))
    signal.alarm(60)
    try:
        with pytest.raises(DatabaseError) as refused:
            upgrade(engine)
    finally:
        signal.alarm(0)
        engine.dispose()
    said = str(refused.value)
    assert "\n" not in said and SECRET not in said
    return said


@pytest.mark.parametrize("url", [NOWHERE, f"postgresql://127.0.0.1:1/sam?password={SECRET}"])
def test_a_server_that_is_not_there_is_said_without_the_password(url: str) -> None:
    assert "127.0.0.1" in refusal(url) and "refused" in refusal(url)


def test_a_user_that_the_server_does_not_know_is_said(postgresql: str) -> None:
    said = refusal(postgresql.replace("://postgres:", f"://nobody:{SECRET}"))
    assert 'role "nobody" does not exist' in said


@pytest.mark.parametrize("place", ["no/such/folder/signup.db", "a_file/signup.db", "a_folder"])
def test_a_file_that_can_not_be_made_is_said(tmp_path: Path, place: str) -> None:
    (tmp_path / "a_file").write_text("not a folder")
    (tmp_path / "a_folder").mkdir()
    said = refusal(f"sqlite:///{tmp_path / place}")
    assert str(tmp_path / place) in said
    whys = "No such file or directory", "Not a directory", "is a folder: name a file in it."
    assert any(why in said for why in whys)


def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sam, this is no database.\n" * 99)
    before = file.read_bytes()
    assert "not a database" in refusal(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_a_newer_versions_database_is_refused_and_left_alone(empty_url: str) -> None:
    """Checklist 39."""
    engine = open_engine(Settings(database_url=empty_url))
    upgrade(engine)
    with engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "newer version" in refusal(empty_url)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert kept == "9999"
    engine.dispose()


def test_sqlite_is_set_to_keep_what_is_acknowledged(sqlite_url: str) -> None:
    """Checklist 37."""
    engine = open_engine(Settings(database_url=sqlite_url, database_timeout=3))
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 0}
    expected["secure_delete"] = 1
    with engine.connect() as one, engine.connect() as another:
        for connection in (one, another):
            assert {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in expected
            } == expected
    engine.dispose()


@pytest.mark.parametrize("pragma", ["journal_mode", "synchronous", "foreign_keys"])
def test_sqlite_that_can_not_be_set_so_is_refused(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, pragma: str
) -> None:
    """Checklist 37: the effective setting is checked after it is set."""
    monkeypatch.setitem(PRAGMAS, pragma, 9)
    assert pragma in refusal(sqlite_url)
