"""`database copy`: copies all rows, can be killed and continued, and blocks only writes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import URL

from api.config import Settings
from api.operator.copying import copy, without_writes
from api.operator.target import add
from api.storage.database import Database, open_engine
from api.storage.errors import DatabaseError
from api.storage.migrate import upgrade
from tests.actor import PASSWORD, Someone
from tests.commanding import database_contents, run
from tests.serving import REPOSITORY
from tests.storage.test_database import empty_databases

pytestmark = pytest.mark.long


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of each kind."""
    (tmp_path / "target").mkdir()
    for (url,) in empty_databases(request, tmp_path / "target"):
        yield url


def of(app: Flask) -> str:
    """Return the URL of the app's database."""
    url: URL = app.extensions["store"].database.engine.url
    return url.render_as_string(hide_password=False)


ACROSS = [("sqlite", "postgresql"), ("postgresql", "sqlite")]
across = pytest.mark.parametrize(("database_url", "target"), ACROSS, indirect=True)


@pytest.fixture
def links(ada: Someone) -> list[str]:
    """The links of records with an account, without one, and with a key; another one is deleted."""
    for name in ("bare", "Zoe", "carl"):
        ada.signs_up(name)
    key = {"headers": {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}}
    given = [ada.gives_details(key, username="ada", firstname=None, lastname="李\u2028 =1")]
    given += [Someone(ada.client).gives_details(lastname=str(number)) for number in range(4)]
    paths = [answer.headers["Location"] for answer in given]
    ada.deletes(paths.pop(2))
    return paths


def test_everything_is_there_and_is_served_on(
    app: Flask, links: list[str], target: str, make_app_at: Callable[..., Flask]
) -> None:
    done = run(app, "database", "copy", target)
    assert (done.exit_code, done.stderr) == (0, "")
    counts = [line.partition(", SHA-256 ")[0] for line in done.stdout.splitlines()]
    assert counts[:3] == ["accounts: 4 rows", "idempotency_keys: 1 rows", "user_details: 4 rows"]
    assert "has everything that" in counts[3]
    assert database_contents(target) == database_contents(of(app))
    ada = Someone(make_app_at(target).test_client()).signs_in("ada", PASSWORD)
    assert ada.reads_own().get_json()["lastname"] == "李\u2028 =1"
    assert [ada.reads(link).status_code for link in links] == [200] * 4
    # New rows get new ids.
    assert ada.signs_up("newcomer").status_code == 200
    assert ada.gives_details(username="ada", lastname="newest").status_code == 201
    assert ada.reads_own().get_json()["lastname"] == "newest"


@pytest.mark.parametrize(("database_url", "target"), ACROSS[:1], indirect=True)
def test_it_may_be_killed_at_any_step_and_goes_on(
    app: Flask, links: list[str], target: str
) -> None:
    command = [sys.executable, "-m", "tests.tools.killed_copy", of(app), target]
    killed = subprocess.check_output(command, cwd=REPOSITORY, text=True)
    assert int(killed) > 6
    assert database_contents(target) == database_contents(of(app))


class Broken(Exception):
    """Simulates a kill in the middle of a copy."""


def break_off(app: Flask, target: str, after: int) -> None:
    """Copy, and break off after `after` progress reports."""
    told = iter(range(after))

    def stop(_: int) -> None:
        if next(told, None) is None:
            raise Broken

    database = Database(open_engine(Settings(database_url=target)))
    source: Database = app.extensions["store"].database
    with pytest.raises(Broken):
        without_writes(source, lambda connection: copy(connection, database, stop))
    database.close()


@across
def test_changes_before_a_copy_continues_are_copied_too(
    app: Flask, links: list[str], target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.operator.common.BATCH", 2)
    break_off(app, target, after=4)
    # No service starts on an incomplete copy, and no other database can be copied there.
    engine = open_engine(Settings(database_url=target))
    with pytest.raises(DatabaseError, match="copying"):
        upgrade(engine)
    engine.dispose()
    assert Someone(app.test_client()).deletes(links[0]).status_code == 204
    assert run(app, "accounts", "set-password", "bare", input=f"{PASSWORD}\n").exit_code == 0
    assert run(app, "database", "copy", target).exit_code == 0
    assert database_contents(target) == database_contents(of(app))


@pytest.mark.parametrize(("database_url", "target"), [("sqlite", "sqlite")], indirect=True)
def test_it_goes_on_after_the_last_row_that_is_there(
    app: Flask, links: list[str], target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.operator.common.BATCH", 2)
    break_off(app, target, after=3)
    inserted = list[int]()

    def count(connection: Any, table: Any, rows: Any) -> None:
        inserted.append(len(rows))
        add(connection, table, rows)

    monkeypatch.setattr("api.operator.copying.add", count)
    assert run(app, "database", "copy", target).exit_code == 0
    assert inserted == [2]  # The accounts, the key and two records were copied before.
