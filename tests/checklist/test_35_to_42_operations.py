"""The checklist on the docs page, durability and operations."""

import os
import re
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Timer

import pytest
import requests
from flask import Flask
from sqlalchemy import create_engine, insert, text

from api.config import Settings
from api.connections import SQLITE_PRAGMAS, DatabaseError
from api.database import open_database, upgrade
from api.models import accounts
from tests.actor import FORM, PASSWORD, Someone, assert_problem
from tests.clients import Client, post
from tests.server import serving


def test_35_the_docs_page_loads_from_here_alone_and_can_be_switched_off(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    """In a browser, quietly, and with each operation tried: tests/test_browser_docs.py."""
    page = Someone(make_app_at(sqlite_url).test_client()).reads("/docs")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "://" not in page.text and not re.search(r"<script(?![^>]*src=)|\son\w+=", page.text)
    without = Someone(make_app_at(sqlite_url, docs_enabled=False).test_client())
    for path in "/docs", "/openapi.json", "/":
        assert_problem(without.reads(path), 404)


def test_36_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path) -> None:
    """At random moments, again and again, on both databases: the rounds of killing."""
    with serving(tmp_path) as server:
        links, killed = [], Timer(0.3, os.killpg, [server.process.pid, signal.SIGKILL])
        assert requests.get(f"{server.url}/livez", timeout=20).ok  # A worker has started.
        killed.start()
        with suppress(requests.RequestException):
            while True:
                answer = requests.post(f"{server.url}/userDetails", FORM, timeout=5)
                links.append(answer.headers["Location"])
        killed.join()
    with serving(tmp_path) as server:
        assert links
        for link in links[-5:]:
            assert requests.get(server.url + link, timeout=5).json()["lastname"] == "king"
    with closing(sqlite3.connect(tmp_path / "signup.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("SELECT count(*) FROM user_details").fetchone()[0] >= len(links)


def test_37_sqlite_keeps_what_it_says_and_is_refused_where_it_would_not(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_database(Settings(database_url=sqlite_url))
    with engine.connect() as connection:
        for pragma, value in ("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    engine.dispose()
    for pragma in "journal_mode", "synchronous", "foreign_keys":
        with monkeypatch.context() as patch:
            patch.setitem(SQLITE_PRAGMAS, pragma, 9)
            odd = open_database(Settings(database_url=sqlite_url))
            with pytest.raises(DatabaseError, match=pragma):
                upgrade(odd)


def test_38_the_longest_and_the_oddest_are_the_same_on_both_databases(someone: Someone) -> None:
    """As is all else: `database_url` of tests/conftest.py is one of each kind."""
    for name in "\U0001f9a6" * 150, "Stra\u00dfe \u0130", " \u3000.", "'; DROP TABLE accounts; --":
        link = someone.gives_details(lastname=name, username="x" * 150).headers["Location"]
        assert someone.reads(link).get_json()["lastname"] == name
    assert_problem(
        someone.gives_details(lastname="a\0b"),
        400,
        lastname=[
            "Give more than white space. Leave control characters out, line breaks and tabs "
            "among them."
        ],
    )


def test_39_a_newer_schema_is_refused_and_left_alone(database_url: str) -> None:
    """Up and down, and with rows in it: tests/test_database.py."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        opened = open_database(Settings(database_url=database_url))
        with pytest.raises(DatabaseError, match="newer version"):
            upgrade(opened)
        opened.dispose()
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))
        engine.dispose()


def test_39_an_account_keeps_its_hash_when_it_is_moved_to_postgresql(
    make_app_at: Callable[..., Flask], sqlite_url: str, postgresql_url: str
) -> None:
    """Rows as they are: the tables of both are of the same columns."""
    old, new = make_app_at(sqlite_url), make_app_at(postgresql_url)
    assert Someone(old.test_client()).signs_up("ada", PASSWORD).status_code == 200
    with old.extensions["store"].engine.connect() as one:
        rows = [dict(row) for row in one.execute(accounts.select()).mappings()]
    with new.extensions["store"].engine.begin() as other:
        other.execute(insert(accounts), rows)
    assert_problem(Someone(new.test_client()).signs_in("ada").reads_own(), 404)
    assert_problem(Someone(new.test_client()).signs_up("ADA"), 409)


def test_40_a_record_is_there_at_once_and_gone_at_once_and_for_good(someone: Someone) -> None:
    link = someone.gives_details().headers["Location"]
    assert someone.reads(link).status_code == 200
    assert someone.deletes(link).status_code == 204
    for again in someone.reads(link), someone.deletes(link), someone.reads(link):
        assert_problem(again, 404)


def test_41_no_input_makes_a_line_of_its_own_in_the_log(tmp_path: Path) -> None:
    """That each line is JSON, and that refusals are counted, waits for issue 6."""
    forged = "%0d%0aERROR:forged%1b[31m%00"
    with serving(tmp_path, {"LOG_LEVEL": "debug", "WEB_CONCURRENCY": "1"}) as server:
        for path in f"userDetails/{forged}", f"userSignUp?{forged}":
            requests.post(f"{server.url}/{path}", f"username={forged}", timeout=5)
        with Client(server) as client:
            client.says(b"GET /a\x1b\rERROR:forged HTTP/1.1\r\nX: \rERROR:forged\r\n\r\n").hears()
        assert server.stop() == 0
        logged = server.log.read_bytes()
    assert not re.search(rb"^ERROR:forged", logged, re.MULTILINE)
    assert not {*range(32), 127} - {10} & {*logged}


def test_42_told_to_stop_it_finishes_the_sign_up_that_it_has_begun(tmp_path: Path) -> None:
    """Under load, and whatever else ends it: tests/test_worker_stops.py."""
    form = post(b"username=ada&password=an+otter+counts+nine+moons").replace(
        b"/userDetails", b"/userSignUp"
    )
    with serving(tmp_path, {"WEB_CONCURRENCY": "1"}) as server, Client(server) as client:
        client.says(form)
        assert server.stop() == 0
        assert client.hears().status == 200
    with closing(sqlite3.connect(tmp_path / "signup.db")) as database:
        assert database.execute("SELECT username FROM accounts").fetchall() == [("ada",)]
