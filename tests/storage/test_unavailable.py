"""Requests get 503 with `Retry-After`, and never hang, while the database is unavailable."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from sqlalchemy import Engine, NullPool, create_engine, text
from werkzeug.test import TestResponse

from api.config import Settings
from api.storage.database import open_engine
from api.storage.migrate import upgrade
from api.storage.tables import metadata
from tests.actor import Someone, assert_problem
from tests.operations import OPERATIONS, sign_up_with_records
from tests.storage.test_database import empty_databases

THREADS = 8
HEALTH = ["/readyz", "/livez"]
SUCCESS = {each.id: each.status for each in OPERATIONS}
TABLES = ", ".join(metadata.tables)
Trouble = Callable[[Engine], AbstractContextManager[None]]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database of each kind, shared with no other test, in its own folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    for (url,) in empty_databases(request, folder):
        engine = open_engine(Settings(database_url=url))
        upgrade(engine)
        engine.dispose()
        yield url


def assert_unavailable(answered: TestResponse) -> None:
    assert_problem(answered, 503)
    assert 1 <= int(answered.headers["Retry-After"]) <= 60


class Service(NamedTuple):
    """The service, with an account and a record for each operation in it."""

    app: Flask
    links: dict[str, str]

    def request_all_at_once(self) -> dict[str, TestResponse]:
        """Request all operations and health checks at once, so as to wait for one timeout only."""
        asks: dict[str, Callable[[Someone], TestResponse]] = {
            each.id: partial(each.ask, link=self.links[each.id]) for each in OPERATIONS
        }
        asks |= {path: partial(Someone.reads, link=path) for path in HEALTH}
        begun = time.monotonic()
        with ThreadPoolExecutor(len(asks)) as pool:
            asked = {
                n: pool.submit(ask, Someone(self.app.test_client())) for n, ask in asks.items()
            }
            answers = {name: answer.result(timeout=60) for name, answer in asked.items()}
        # The timeout is one second. The rest is for a busy machine.
        assert time.monotonic() - begun < 20
        return answers

    @property
    def engine(self) -> Engine:
        engine: Engine = self.app.extensions["store"].database.engine
        return engine

    def assert_serves_all(self) -> None:
        statuses = {name: answer.status_code for name, answer in self.request_all_at_once().items()}
        assert statuses == SUCCESS | dict.fromkeys(HEALTH, 200)


@pytest.fixture
def service(make_app: Callable[..., Flask]) -> Service:
    app = make_app(database_timeout=1, threads=THREADS)
    return Service(app, sign_up_with_records(app))


END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"


@contextmanager
def another_session(
    engine: Engine, database: str | None = None, **options: str
) -> Iterator[Callable[[str], object]]:
    url = engine.url.set(database=database or engine.url.database)
    another = create_engine(url, poolclass=NullPool, **options)
    with another.connect() as connection:
        yield lambda statement: connection.execute(text(statement))


@contextmanager
def used_up(engine: Engine) -> Iterator[None]:
    """Use all connections of the pool."""
    with ExitStack() as held:
        for _ in range(THREADS + (engine.dialect.name == "sqlite")):  # The writer has one more.
            held.enter_context(engine.connect())
        yield


@contextmanager
def lock_held(engine: Engine, sqlite: Sequence[str], mode: str) -> Iterator[None]:
    """Another session executes these statements on SQLite, or locks PostgreSQL's tables so."""
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(engine.url.database or "", isolation_level=None)) as another:
            for statement in sqlite:
                another.execute(statement)
            yield
    else:
        with another_session(engine) as session:
            session(f"LOCK TABLE {TABLES} IN {mode} MODE")
            yield


def locked(engine: Engine) -> AbstractContextManager[None]:
    """Another session locks all tables exclusively."""
    statements = ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"]
    return lock_held(engine, statements, "ACCESS EXCLUSIVE")


@contextmanager
def gone(engine: Engine) -> Iterator[None]:
    """Rename SQLite's folder, or let PostgreSQL refuse connections, until the block ends."""
    if engine.dialect.name == "sqlite":
        folder = Path(engine.url.database or "").parent
        folder.rename(folder.with_name("elsewhere"))
        yield
        folder.with_name("elsewhere").rename(folder)
    else:
        with another_session(engine, "postgres", isolation_level="AUTOCOMMIT") as session:
            session(f"ALTER DATABASE {engine.url.database} ALLOW_CONNECTIONS false")
            session(END_SESSIONS.format(engine.url.database))
            yield
            session(f"ALTER DATABASE {engine.url.database} ALLOW_CONNECTIONS true")


@pytest.mark.parametrize("trouble", [used_up, locked, gone])
def test_every_operation_is_503_and_recovers(service: Service, trouble: Trouble) -> None:
    """Checklist 14 and 15."""
    # A WAL file can only be locked exclusively before the first reader opens it.
    service.app.extensions["store"].close()
    with trouble(service.engine):
        answers = service.request_all_at_once()
        assert answers.pop("/livez").status_code == 200
        ready = answers.pop("/readyz")
        assert (ready.status_code, ready.get_json()) == (503, {"status": "unavailable"})
        assert set(answers) == set(SUCCESS)
        for answer in answers.values():
            assert_unavailable(answer)
    service.assert_serves_all()


def test_a_connection_that_broke_meanwhile_loses_no_request(service: Service) -> None:
    """As if the server was restarted between two requests."""
    if service.engine.dialect.name == "postgresql":
        with another_session(service.engine, "postgres") as session:
            session(END_SESSIONS.format(service.engine.url.database))
    service.assert_serves_all()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_was_ruined_is_said_too(service: Service) -> None:
    file = Path(service.engine.url.database or "")
    service.app.extensions["store"].close()
    file.write_bytes(b"this is no database " * 999)
    answers = service.request_all_at_once()
    assert (answers.pop("/livez").status_code, answers.pop("/readyz").status_code) == (200, 503)
    for answer in answers.values():
        assert_unavailable(answer)
