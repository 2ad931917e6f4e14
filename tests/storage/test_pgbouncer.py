"""PgBouncer in transaction mode, in which each transaction may run in another session."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import make_url

from api.config import Settings
from api.storage.database import open_engine
from api.storage.migrate import upgrade
from tests.actor import Someone
from tests.commanding import database_contents, run
from tests.pgbouncer import running
from tests.storage.test_database import empty_databases

pytestmark = pytest.mark.long

CLIENTS, ROUNDS = 16, 5


@pytest.fixture(scope="module")
def pgbouncer(postgresql: str) -> Iterator[str]:
    with running(postgresql) as url:
        yield url


@pytest.fixture
def database_url(postgresql_url: str, pgbouncer: str) -> str:
    """The URL of an empty, migrated database, through PgBouncer."""
    return pgbouncer


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, pgbouncer: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, through PgBouncer."""
    request.param = "postgresql"
    for (url,) in empty_databases(request, tmp_path):
        name = make_url(url).database
        yield make_url(pgbouncer).set(database=name).render_as_string(hide_password=False)


def test_sixteen_clients_get_what_they_ask_for(app: Flask) -> None:
    def ask(client: int) -> Counter[tuple[str, int]]:
        someone, statuses = Someone(app.test_client()), Counter[tuple[str, int]]()
        for number in range(ROUNDS):
            name = f"client{client}.{number}"
            key = {"headers": {"Idempotency-Key": f'"{name:-<16}"'}}
            given = someone.gives_details(username=name)
            answers = {
                "sign up": someone.signs_up(name),
                "taken": someone.signs_up(name),
                "give": given,
                "give under a key": someone.gives_details(key, username=name),
                "read": someone.reads(given.headers.get("Location", "/")),
                "delete": someone.deletes(given.headers.get("Location", "/")),
            }
            statuses.update((asked, answer.status_code) for asked, answer in answers.items())
        return statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = sum(pool.map(ask, range(CLIENTS)), Counter[tuple[str, int]]())
    expected = {"sign up": 200, "taken": 409, "give": 201, "give under a key": 201, "read": 200}
    assert statuses == dict.fromkeys([*expected.items(), ("delete", 204)], CLIENTS * ROUNDS)


def test_one_instance_migrates_when_several_start_at_once(
    empty_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "alembic")

    def start(_: int) -> None:
        engine = open_engine(Settings(database_url=empty_url))
        upgrade(engine)
        engine.dispose()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(start, range(6)))
    assert caplog.text.count("Running upgrade  -> 0001") == 1


def test_the_operators_commands_work(app: Flask, database_url: str, empty_url: str) -> None:
    someone = Someone(app.test_client())
    for name in "ada", "bob":
        someone.signs_up(name)
        someone.gives_details(username=name)
    assert run(app, "database", "check").exit_code == 0
    assert len(run(app, "accounts", "list").stdout.splitlines()) == 2
    assert len(run(app, "details", "export").stdout.splitlines()) == 2
    assert run(app, "accounts", "delete", "--yes", "bob").exit_code == 0
    assert run(app, "database", "copy", empty_url).exit_code == 0
    assert database_contents(empty_url) == database_contents(database_url)
