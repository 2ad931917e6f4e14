"""If several processes start on one database, one migrates it and the others wait."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Timer

import pytest
from sqlalchemy import create_engine, text

from api.config import Settings
from api.storage.database import open_engine
from api.storage.errors import DatabaseError
from api.storage.migrate import upgrade
from tests.storage.test_database import empty_databases


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    for (url,) in empty_databases(request, tmp_path):
        yield url


def migrate(url: str, timeout: int = 60) -> None:
    engine = open_engine(Settings(database_url=url, database_timeout=timeout))
    try:
        upgrade(engine)
    finally:
        engine.dispose()


MIGRATE = """
import logging, sys
from api.config import Settings
from api.storage.database import open_engine
from api.storage.migrate import upgrade
logging.basicConfig(level=logging.INFO)
engine = open_engine(Settings(database_url=sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
upgrade(engine)
"""


def test_one_migrates_when_several_processes_start_at_once(empty_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, empty_url],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin and process.stdin.write("go\n")
        process.stdin.flush()
    logs = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3, logs
    assert sum("Running upgrade  -> 0001" in log for log in logs) == 1, logs


def test_one_migrates_when_several_threads_start_at_once(
    empty_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "alembic")
    barrier = Barrier(6)

    def start() -> None:
        barrier.wait()
        migrate(empty_url)

    with ThreadPoolExecutor(6) as pool:
        for started in [pool.submit(start) for _ in range(6)]:
            started.result()
    assert caplog.text.count("Running upgrade  -> 0001") == 1


def test_a_start_waits_for_another_that_creates_the_file(tmp_path: Path) -> None:
    """SQLite itself doesn't wait when a file that others write is switched to WAL."""
    file = tmp_path / "new.db"
    another = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    another.execute("BEGIN IMMEDIATE")
    leaving = Timer(0.3, another.close)
    leaving.start()
    try:
        migrate(f"sqlite:///{file}")
    finally:
        leaving.join()


def test_waiting_for_another_migration_times_out(empty_url: str) -> None:
    migrate(empty_url)
    another = create_engine(empty_url)
    with another.connect() as connection:
        if another.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        else:
            connection.execute(text("LOCK TABLE alembic_version"))
        with pytest.raises(DatabaseError, match=r"lock|timeout"):
            migrate(empty_url, timeout=1)
    another.dispose()
    migrate(empty_url, timeout=1)
