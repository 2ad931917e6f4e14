"""The service under test, on both databases; every exchange is held against the document."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import create_engine, text

from api import create_app
from api.config import Settings
from api.database import open_database, upgrade
from api.openapi import document
from api.passwords import Passwords
from tests.actor import PASSWORD, Someone
from tests.postgresql import running
from tests.proof.exchanges import Exchange
from tests.proof.proof import Proof
from tests.proof.recording import record_requests, recorded, write

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PROOF = Proof(
    document(create_app(Settings())),
    Path(__file__).parents[1] / "openapi.yaml",
    beside=r"/(docs(/.*)?|openapi[.]\w+|livez|readyz)?",
)


@pytest.fixture(scope="session")
def proof() -> Proof:
    return PROOF


@pytest.fixture(scope="session", autouse=True)
def _recorded_requests() -> Iterator[None]:
    """What is asked of servers is held against the document too."""
    with pytest.MonkeyPatch.context() as patch:
        record_requests(PROOF.keep, patch.setattr)
        yield


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    engine = open_database(Settings(database_url=f"sqlite:///{file}"))
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL, migrated."""
    with running() as url:
        engine = open_database(Settings(database_url=url))
        upgrade(engine)
        engine.dispose()
        yield url


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    shutil.copy(migrated_file, tmp_path / "signup.db")
    return f"sqlite:///{tmp_path / 'signup.db'}"


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    engine = create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE accounts, user_details"))
    engine.dispose()
    return postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty, migrated database of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def make_app_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Flask]]:
    """Make the service with these settings, hashing cheaply; what leaves undeclared raises."""
    made: list[Flask] = []
    monkeypatch.setattr("api.Passwords", lambda *_, **__: Passwords(2, CHEAP))

    def make(database_url: str, **settings: Any) -> Flask:
        app = create_app(Settings(database_url=database_url, **settings))
        app.testing = True

        def keep(exchange: Exchange) -> None:
            if app.testing:  # Else a fault is injected, to see what production makes of it.
                PROOF.keep(exchange)

        app.wsgi_app = recorded(app.wsgi_app, keep)  # type: ignore[method-assign,assignment]
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["store"].engine.dispose()


@pytest.fixture
def make_app(make_app_at: Callable[..., Flask], database_url: str) -> Callable[..., Flask]:
    """Make the service on each kind of database."""
    return partial(make_app_at, database_url)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def someone(app: Flask) -> Someone:
    return Someone(app.test_client())


@pytest.fixture
def ada(someone: Someone) -> Someone:
    """Someone who signed up with a password, and signs in."""
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    return someone.signs_in("ada", PASSWORD)


def _is_whole_run(config: pytest.Config) -> bool:
    """Whether all tests were asked for: a part of them can't see everything."""
    chosen = config.getoption("keyword") or config.getoption("markexpr")
    return config.args == config.getini("testpaths") and not chosen


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("proof")
    group.addoption("--proof", type=Path, help="write the proof of openapi.yaml there, as HTML")
    group.addoption("--traffic", type=Path, help="keep all exchanges there, secrets masked")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Prove the document by what was seen, or fail and name what is missing."""
    if exitstatus == pytest.ExitCode.OK and _is_whole_run(session.config) and not PROOF.holds:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    config = terminalreporter.config
    terminalreporter.write_line(str(PROOF.coverage))
    if config.getoption("traffic"):
        write(PROOF.exchanges, config.getoption("traffic"))
    if _is_whole_run(config) or config.getoption("proof"):
        terminalreporter.write_line(str(PROOF.verdict))
        for missing in PROOF.missing():
            terminalreporter.write_line(missing, red=True)
    if config.getoption("proof"):
        config.getoption("proof").write_text(PROOF.report(), encoding="utf-8")
