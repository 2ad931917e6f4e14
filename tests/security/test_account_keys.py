"""A password's hash is stored with the account and its keys, and deleted with them."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Engine, delete, event, select, text

from api.config import Settings
from api.storage.database import Database, open_engine
from api.storage.keys import Key
from api.storage.migrate import migrations, purge_expired, upgrade
from api.storage.store import Store
from api.storage.tables import accounts, idempotency_keys, user_details
from tests.actor import PASSWORD, RECORD, Someone, assert_problem
from tests.commanding import run
from tests.security.test_idempotency import KEY, OTHER, counted, keyed
from tests.security.test_idempotency_kept import keep_expired
from tests.serving import serving
from tests.storage.test_database import migrate_to
from tests.storage.test_database_at_once import empty_url

__all__ = ["empty_url"]

ANOTHER = "an otter counts nine stars"


def hashes(app: Flask) -> list[str]:
    """Return all password hashes in the database."""
    with app.extensions["store"].database.engine.connect() as connection:
        columns = accounts.c.password_hash, idempotency_keys.c.password_hash
        found = [encoded for c in columns for encoded in connection.scalars(select(c))]
    return [encoded for encoded in found if encoded]


def test_deleting_an_account_deletes_its_keys_and_no_others(app: Flask, someone: Someone) -> None:
    for name in "Ada", "bob":
        key = keyed(f'"the-key-of-{name}-0123456789"')
        assert someone.signs_up(name, PASSWORD, **key).status_code == 200
        own = someone.signs_in(name)
        assert own.gives_details(keyed(), username=name).status_code == 201
    assert someone.gives_details(keyed(), username="ada").status_code == 201
    assert (counted(app), len(hashes(app))) == ((2, 3, 5), 4)
    assert run(app, "accounts", "delete", "ADA", "--yes").exit_code == 0
    assert (counted(app), len(hashes(app))) == ((1, 3, 3), 2)
    # Bob's retries get the first response again.
    for _ in range(2):
        assert someone.signs_in("bob").gives_details(keyed(), username="bob").status_code == 201
    assert counted(app) == (1, 3, 3)


def test_after_its_account_is_deleted_a_sign_up_sent_again_is_a_new_one(
    app: Flask, someone: Someone
) -> None:
    assert someone.signs_up("ada", PASSWORD, **keyed()).status_code == 200
    assert run(app, "accounts", "delete", "ada", "--yes").exit_code == 0
    assert someone.signs_up("ada", PASSWORD, **keyed()).status_code == 200
    assert counted(app) == (1, 0, 1)


def test_a_new_account_never_gets_a_deleted_accounts_record(app: Flask, someone: Someone) -> None:
    """SQLite reuses the id of the deleted account for the next one."""
    links = []
    for _ in range(2):
        assert someone.signs_up("ada", PASSWORD).status_code == 200
        given = someone.signs_in("ada").gives_details(keyed(), username="ada")
        links.append(given.headers["Location"])
        assert run(app, "accounts", "delete", "ada", "--yes").exit_code == 0
    assert links[0] != links[1]


def test_setting_a_password_leaves_no_hash_of_the_old_one(app: Flask, someone: Someone) -> None:
    for name, key in ("ada", KEY), ("bob", OTHER):
        someone.signs_up(name, PASSWORD, **keyed(key))
    old = set(hashes(app))
    assert run(app, "accounts", "set-password", "ADA", input=f"{ANOTHER}\n").exit_code == 0
    assert len(old & set(hashes(app))) == 1  # Bob's.
    assert len(hashes(app)) == 4
    assert someone.signs_up("ada", PASSWORD, **keyed()).status_code == 409
    assert_problem(someone.signs_in("ada", ANOTHER).reads_own(), 404)


def test_raising_the_parameters_leaves_no_older_hash(app: Flask, someone: Someone) -> None:
    assert someone.signs_up("ada", PASSWORD, **keyed()).status_code == 200
    (old,) = set(hashes(app))
    app.extensions["passwords"].hasher = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    assert_problem(someone.signs_in("ada").reads_own(), 404)
    assert len(hashes(app)) == 2 and old not in hashes(app)
    assert someone.signs_up("ada", PASSWORD, **keyed()).status_code == 200
    assert counted(app) == (1, 0, 1)


def test_a_sign_up_without_a_password_keeps_no_hash_when_one_is_set(
    app: Flask, someone: Someone
) -> None:
    """Otherwise a retry of the sign-up would look like another form."""
    assert someone.signs_up("ada", **keyed()).status_code == 200
    assert run(app, "accounts", "set-password", "ada", input=f"{PASSWORD}\n").exit_code == 0
    assert someone.signs_up("ada", **keyed()).status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_does_not_hold_what_was_deleted(
    app: Flask, someone: Someone, tmp_path: Path
) -> None:
    """After the service has stopped, so that SQLite's log is empty."""
    for number in range(40):  # Many rows, so that whole pages become free.
        someone.signs_up(f"user{number}", PASSWORD, **keyed(f'"a-key-of-number-{number:04}"'))
    deleted = set(hashes(app))
    for number in range(40):
        assert run(app, "accounts", "delete", f"user{number}", "--yes").exit_code == 0
    app.extensions["store"].close()
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("signup.db*"))
    assert len(deleted) == 40 and not [encoded for encoded in deleted if encoded.encode() in kept]


def test_expired_keys_are_purged_in_batches_and_others_kept(
    app: Flask, someone: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine: Engine = app.extensions["store"].database.engine
    someone.signs_up("ada", PASSWORD, **keyed())
    keep_expired(app, 25)
    monkeypatch.setattr("api.storage.migrate.BATCH", 10)
    put = list[str]()
    event.listen(engine, "before_cursor_execute", lambda *given: put.append(given[2][:4]))
    assert purge_expired(engine) == 25
    assert put == ["WITH"] * 4  # The batches delete 10, 10, 5 and no keys.
    assert counted(app) == (1, 0, 1)
    assert purge_expired(engine) == 0
    assert someone.signs_up("ada", PASSWORD, **keyed()).status_code == 200


def test_a_start_is_not_delayed_for_long_by_many_expired_keys(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_expired(app, 25)
    monkeypatch.setattr("api.storage.migrate.BATCH", 10)
    monkeypatch.setattr("api.storage.migrate.PURGE_TIME", -1)
    assert purge_expired(app.extensions["store"].database.engine) == 10


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_service_purges_when_it_starts(app: Flask, sqlite_url: str, tmp_path: Path) -> None:
    keep_expired(app, 3)
    with serving(tmp_path, {"DATABASE_URL": sqlite_url, "WEB_CONCURRENCY": "1"}):
        assert counted(app) == (0, 0, 0)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_instances_that_purge_at_once_do_not_wait_for_each_other(
    app: Flask, make_app: Callable[..., Flask]
) -> None:
    keep_expired(app, 3)
    engine: Engine = app.extensions["store"].database.engine
    with engine.connect().execution_options(isolation_level="READ COMMITTED") as another:
        another.execute(select(idempotency_keys).limit(1).with_for_update())
        assert purge_expired(engine) == 2


def test_a_database_that_can_not_be_purged_is_served_all_the_same(
    tmp_path: Path, sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(Settings(database_url=sqlite_url, database_timeout=1))
    with closing(sqlite3.connect(str(engine.url.database))) as another:
        another.execute("BEGIN IMMEDIATE")
        assert purge_expired(engine) == 0
    assert "expired keys weren't deleted" in caplog.text
    engine.dispose()


def rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_the_keys_of_the_released_schema_get_their_accounts(
    empty_url: str, request: pytest.FixtureRequest
) -> None:
    """Hashes whose account can't be determined are deleted."""
    engine = open_engine(Settings(database_url=empty_url))
    if engine.dialect.name == "sqlite":
        Path(str(engine.url.database)).touch()
    with engine.connect() as connection:
        connection.execution_options(isolation_level=connection.default_isolation_level)
        config = migrations()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        now = datetime.now(UTC)
        for name, encoded in ("ada", "hash-a"), ("bob", "hash-b-of-now"), ("bare", None):
            values: dict[str, Any] = {"name": name, "hash": encoded, "now": now}
            insert = "INSERT INTO accounts (username, username_key, password_hash, created_at)"
            connection.execute(text(f"{insert} VALUES (:name, :name, :hash, :now)"), values)
        kept = [(b"1", "hash-a"), (b"2", "hash-b-of-old"), (b"3", None), (b"4", "hash-of-deleted")]
        for digest, encoded in kept:
            values = {"digest": digest, "hash": encoded, "now": now}
            insert = "INSERT INTO idempotency_keys (digest, fingerprint, password_hash, created_at)"
            connection.execute(text(f"{insert} VALUES (:digest, :digest, :hash, :now)"), values)
        connection.commit()
    upgrade(engine)
    query = "SELECT digest, username_key, password_hash FROM idempotency_keys ORDER BY digest"
    assert rows(engine, query) == [(b"1", "ada", "hash-a"), (b"3", None, None)]
    engine.dispose()


def test_released_keys_of_deleted_records_are_deleted(empty_url: str) -> None:
    """A retry would name such a record."""
    engine = open_engine(Settings(database_url=empty_url))
    upgrade(engine)
    store = Store(Database(engine))
    kept, deleted = (store.add_details(**RECORD, key=Key(name, b"")) for name in (b"1", b"2"))
    store.add_account("ada", None, Key(b"3", b""))
    migrate_to(engine, "0003", command.downgrade)  # The store knows only the newest tables.
    with engine.connect() as connection:
        connection.execute(delete(user_details).where(user_details.c.id == deleted))
    upgrade(engine)
    assert rows(engine, "SELECT digest FROM idempotency_keys ORDER BY digest") == [(b"1",), (b"3",)]
    store.delete_details(kept)
    assert rows(engine, "SELECT digest FROM idempotency_keys") == [(b"3",)]
    engine.dispose()
