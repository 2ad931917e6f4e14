"""Checklist, moving a database, the log, and stopping the server."""

import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import create_engine, insert, text

from api.config import Settings
from api.storage.database import open_engine
from api.storage.errors import DatabaseError
from api.storage.migrate import upgrade
from api.storage.tables import metadata
from tests.actor import PASSWORD, Someone, assert_problem
from tests.clients import Client, post
from tests.security.test_idempotency import keyed
from tests.serving import serving
from tests.storage.test_database import tables


def test_39_a_newer_schema_is_refused_and_unchanged(database_url: str) -> None:
    """For upgrades and downgrades: tests/storage/test_database.py."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        opened = open_engine(Settings(database_url=database_url))
        before = tables(opened)
        with pytest.raises(DatabaseError, match="newer version"):
            upgrade(opened)
        assert tables(opened) == before
        with opened.connect() as connection:
            kept = connection.execute(text("SELECT version_num FROM alembic_version"))
            assert kept.scalar_one() == "9999"
        opened.dispose()
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))
        engine.dispose()


def test_39_all_rows_and_hashes_can_be_moved_to_postgresql(
    make_app_at: Callable[..., Flask], sqlite_url: str, postgresql_url: str
) -> None:
    """Rows are copied unchanged, because both databases have the same columns."""
    old, new = make_app_at(sqlite_url), make_app_at(postgresql_url)
    before, after = Someone(old.test_client()), Someone(new.test_client())
    assert before.signs_up("ada", PASSWORD, **keyed()).status_code == 200
    json: dict[str, Any] = {"headers": {"Accept": "application/json"}}
    own = before.signs_in("ada").gives_details(json, username="ada", lastname="\U0001f9a6 \u0130")
    link = own.headers["Location"]
    with (
        old.extensions["store"].database.engine.connect() as one,
        new.extensions["store"].database.engine.begin() as other,
    ):
        for table in metadata.sorted_tables:
            rows = [dict(row) for row in one.execute(table.select()).mappings()]
            assert rows
            other.execute(insert(table), rows)
        for name, column in ("accounts", "id"), ("user_details", "number"):
            # PostgreSQL's sequences don't know copied ids, and must be set.
            counted = f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), max({column}))"
            other.execute(text(f"{counted} FROM {name}"))
    for read in after.reads(link), after.signs_in("ada").reads_own():
        assert read.get_json() == before.reads(link).get_json()
    assert_problem(after.signs_up("ADA"), 409)
    # A retry of an earlier request.
    assert after.signs_up("ada", PASSWORD, **keyed()).status_code == 200
    assert after.signs_up("bob").status_code == 200


def test_40_a_record_is_readable_and_deleted_immediately(someone: Someone) -> None:
    link = someone.gives_details().headers["Location"]
    assert someone.reads(link).status_code == 200
    assert someone.deletes(link).status_code == 204
    for again in someone.reads(link), someone.deletes(link), someone.reads(link):
        assert_problem(again, 404)


def test_41_no_input_forges_a_log_line(tmp_path: Path) -> None:
    """Each line is JSON. For the metrics: tests/observability/test_metrics.py."""
    forged = "%0d%0aERROR:forged%1b[31m%00"
    with serving(tmp_path, {"LOG_LEVEL": "debug", "WEB_CONCURRENCY": "1"}) as server:
        for path in f"userDetails/{forged}", f"userSignUp?{forged}":
            id_ = {"X-Request-ID": forged}
            requests.post(f"{server.url}/{path}", f"username={forged}", headers=id_, timeout=60)
        with Client(server) as client:
            client.send(b"GET /a\x1b\rERROR:forged HTTP/1.1\r\nX: \rERROR:forged\r\n\r\n").receive()
        assert server.stop() == 0
        logged = server.log.read_bytes()
    assert b"forged" not in logged and not {*range(32), 127} - {10} & {*logged}
    lines = [json.loads(line) for line in logged.splitlines()]
    assert [line["status"] for line in lines if "status" in line] == [404, 415, 400]


def test_42_a_stopping_server_finishes_sign_ups_in_progress(tmp_path: Path) -> None:
    """Under load, and for other ways to stop: tests/server/test_worker_stops.py."""
    form = b"username=ada%d&password=an+otter+counts+nine+moons"
    forms = [post(form % n, path=b"/userSignUp") for n in range(8)]
    with serving(tmp_path, {"WEB_CONCURRENCY": "1"}) as server, ExitStack() as opened:
        clients = [opened.enter_context(Client(server)).send(form) for form in forms]
        clients[0].gets_response()  # By then the others are being hashed, or wait.
        server.process.send_signal(signal.SIGTERM)
        statuses = [client.receive().status for client in clients]
        opened.close()
        assert server.process.wait(timeout=40) == 0
    assert set(statuses) <= {200, 503} and statuses.count(200) > 1
    with closing(sqlite3.connect(tmp_path / "signup.db")) as database:
        kept = {name for (name,) in database.execute("SELECT username FROM accounts")}
    assert kept == {f"ada{n}" for n, status in enumerate(statuses) if status == 200}
