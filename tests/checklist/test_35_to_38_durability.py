"""Checklist, the docs page and stored data."""

import os
import random
import re
import signal
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from threading import Timer

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from api.config import Settings
from api.storage.database import open_engine
from api.storage.errors import DatabaseError
from api.storage.migrate import upgrade
from api.storage.sqlite import PRAGMAS
from api.storage.tables import accounts, user_details
from tests.actor import FORM, PASSWORD, Someone, assert_problem
from tests.serving import serving

ANEW = '"(id|createdAt)": *"[^"]+"'
"""The headers that differ in each response."""


def test_35_the_docs_page_loads_from_here_alone_and_can_be_switched_off(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    """In a browser, with each operation tried: tests/test_browser_docs.py."""
    page = Someone(make_app_at(sqlite_url).test_client()).reads("/docs")
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    assert "://" not in page.text and not re.search(r"<script(?![^>]*src=)|\son\w+=", page.text)
    without = Someone(make_app_at(sqlite_url, docs_enabled=False).test_client())
    for path in "/docs", "/openapi.json", "/":
        assert_problem(without.reads(path), 404)


@pytest.mark.long
def test_36_acknowledged_data_survives_kill_9(tmp_path: Path, database_url: str) -> None:
    """Repeated, and with PostgreSQL killed too: `python -m tests.tools.faults kill`."""
    acknowledged: list[str] = []
    with serving(tmp_path, {"DATABASE_URL": database_url}) as server:

        def ask(client: int) -> tuple[list[str], list[str]]:
            """Return the acknowledged usernames and links."""
            names: list[str] = []
            links: list[str] = []
            with suppress(requests.RequestException), requests.Session() as session:
                for number in count():
                    form = {"username": f"c{client}-{number}", "password": PASSWORD}
                    assert session.post(f"{server.url}/userSignUp", form, timeout=60).ok
                    names.append(form["username"])
                    given = session.post(f"{server.url}/userDetails", FORM, timeout=60)
                    links.append(given.headers["Location"].rpartition("/")[2])
                    acknowledged.append(links[-1])
            return names, links

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, client) for client in range(4)]
            deadline, wanted = time.monotonic() + 60, random.randint(1, 40)
            while len(acknowledged) < wanted:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            os.killpg(server.process.pid, signal.SIGKILL)
            answered = [client.result() for client in asking]
    engine = open_engine(Settings(database_url=database_url))
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            checked = connection.exec_driver_sql("PRAGMA integrity_check").all()
            assert [tuple(row) for row in checked] == [("ok",)]
        signed_up = {row.username: row for row in connection.execute(accounts.select())}
        kept = {str(key) for key in connection.scalars(select(user_details.c.id))}
    engine.dispose()
    names = {name for names, _ in answered for name in names}
    assert names and names <= signed_up.keys()
    assert all(row.password_hash for row in signed_up.values()), "half a user"
    assert {link for _, links in answered for link in links} <= kept


def test_37_sqlite_is_durable_and_refused_if_it_can_not_be(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(Settings(database_url=sqlite_url))
    with engine.connect() as connection:
        for pragma, value in ("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1):
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
        # A writer waits for a busy database.
        with closing(sqlite3.connect(str(engine.url.database), check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            free = Timer(0.2, other.rollback)
            free.start()
            connection.execute(accounts.delete())
            free.join()
    engine.dispose()
    for pragma in "journal_mode", "synchronous", "foreign_keys":
        with monkeypatch.context() as patch:
            patch.setitem(PRAGMAS, pragma, 9)
            odd = open_engine(Settings(database_url=sqlite_url))
            with pytest.raises(DatabaseError, match=pragma):
                upgrade(odd)


def test_38_the_longest_and_unusual_texts_are_equal_on_both_databases(
    make_app_at: Callable[..., Flask], sqlite_url: str, postgresql_url: str
) -> None:
    """All other tests also run on both; see `database_url` in tests/conftest.py."""
    longest = "\U0001f9a6" * 256
    said = []
    for url in sqlite_url, postgresql_url:
        someone = Someone(make_app_at(url).test_client())
        answers = [
            *(someone.signs_up(name, longest) for name in ("x" * 150, "Kim", "kIM", "ki_", "kin")),
            someone.signs_in("KIM", longest).gives_details(username="kiM", firstname=longest[:150]),
            someone.signs_in("kim", longest).reads_own(),
            *(someone.gives_details(lastname=name) for name in ("a\0b", "x" * 151)),
        ]
        for name in longest[:150], "Stra\u00dfe \u0130", " \u3000.", "'; DROP TABLE accounts; --":
            link = someone.gives_details(lastname=name, username="x" * 150).headers["Location"]
            answers.append(someone.reads(link))
            assert answers[-1].get_json()["lastname"] == name
        said.append([(a.status_code, re.sub(ANEW, "", a.text)) for a in answers])
    assert said[0] == said[1]
    assert [s for s, _ in said[0]] == [200, 200, 409, 200, 200, 201, 200, 400, 400] + [200] * 4
