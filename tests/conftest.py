"""Fixtures of the service on both databases. Each exchange is checked against the document."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import create_engine

from api import create_app
from api.config import Settings
from api.contract.proof.proof import Proof
from api.security.passwords import Passwords
from api.storage.database import open_engine
from api.storage.migrate import upgrade
from api.storage.tables import metadata
from tests.actor import PASSWORD, Someone
from tests.browser import chromium
from tests.contract.shelf.story import make_client
from tests.postgresql import make_hostile, running
from tests.serving import Server, serving
from tests.steps import Steps, counted

if TYPE_CHECKING:  # pytest must import its plugins first.
    from api.contract.proof.plugin import Contract

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
pytest_plugins = ["api.contract.proof.plugin", "pytester", "tests.whole_run"]


@pytest.fixture(scope="session")
def proof(contract: "Contract") -> Proof:
    return contract.proof


@pytest.fixture
def shelf(contract: "Contract") -> FlaskClient:
    """A client of an empty shelf. Its exchanges are checked against the shelf's document."""
    client = make_client()
    contract.of("tests/contract/shelf/shelf.yaml").record(client.application)
    return client


@pytest.fixture
def steps() -> Iterator[Steps]:
    with counted() as counter:
        yield counter


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    engine = open_engine(Settings(database_url=f"sqlite:///{file}"))
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL, migrated, with the hostile settings."""
    with running() as url:
        make_hostile(url)
        engine = open_engine(Settings(database_url=url))
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
        # DELETE is faster than TRUNCATE for few rows.
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
    return postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty, migrated database of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one worker for all tests of a module. At the end its log must have no error."""
    settings = {"WEB_CONCURRENCY": "1", "LOG_LEVEL": "debug"}
    with serving(tmp_path_factory.mktemp("server"), settings) as server:
        yield server
        assert "Traceback" not in server.log.read_text()
        assert "undeclared response" not in server.log.read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for all tests of a module."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def make_app_at(
    monkeypatch: pytest.MonkeyPatch, contract: "Contract"
) -> Iterator[Callable[..., Flask]]:
    """Make the service with these settings and cheap hashing. An undeclared response raises."""
    made: list[Flask] = []
    monkeypatch.setattr("api.application.Passwords", lambda *_, **__: Passwords(2, CHEAP))

    def make(database_url: str, **settings: Any) -> Flask:
        app = create_app(Settings(database_url=database_url, **settings))
        app.testing = True
        unrecorded, recorded = app.wsgi_app, contract.record(app).wsgi_app

        def serve(*asked: Any) -> Any:
            # `testing` is off while a test injects a fault to see the response in production.
            return (recorded if app.testing else unrecorded)(*asked)

        app.wsgi_app = serve  # type: ignore[method-assign,assignment]
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["store"].close()


@pytest.fixture
def make_app(make_app_at: Callable[..., Flask], database_url: str) -> Callable[..., Flask]:
    """Make the service, on each kind of database."""
    return partial(make_app_at, database_url)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def someone(app: Flask) -> Someone:
    return Someone(app.test_client())


@pytest.fixture
def ada(someone: Someone) -> Someone:
    """Someone who signed up as "ada" with a password, and is signed in."""
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    return someone.signs_in("ada", PASSWORD)
