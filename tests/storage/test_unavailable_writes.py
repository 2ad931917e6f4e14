"""If the database can be read but not written, requests that only read succeed."""

import logging
import re
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from operator import attrgetter
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event
from werkzeug.test import TestResponse

from api.errors import NOTHING_CHANGED
from api.problem_types import OUTCOME_UNKNOWN
from tests.actor import PASSWORD, Someone
from tests.operations import OPERATIONS, Operation, sign_up_with_records
from tests.storage.test_unavailable import (
    END_SESSIONS,
    HEALTH,
    Service,
    Trouble,
    another_session,
    assert_unavailable,
    database_url,
    lock_held,
    service,
)

__all__ = ["database_url", "service"]

WRITING = [each.id for each in OPERATIONS if each.writes]
READING = [each for each in OPERATIONS if not each.writes]


@contextmanager
def sqlite_set(engine: Engine, pragma: str, value: int, otherwise: int) -> Iterator[None]:
    """Set the pragma on each connection, and to `otherwise` after the block."""
    now = [value]

    @event.listens_for(engine, "checkout")
    def set_pragma(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA {pragma} = {now[0]}")

    yield
    now[0] = otherwise


def write_locked(engine: Engine) -> AbstractContextManager[None]:
    """Another session holds the write lock."""
    return lock_held(engine, ["BEGIN IMMEDIATE"], "EXCLUSIVE")


@contextmanager
def read_only(engine: Engine) -> Iterator[None]:
    """Make the database read-only, like a read-only mount or a standby server."""
    if engine.dialect.name == "sqlite":
        with sqlite_set(engine, "query_only", 1, otherwise=0):
            yield
    else:
        with another_session(engine, "postgres", isolation_level="AUTOCOMMIT") as session:
            for setting in ("on", "off"):
                session(
                    f"ALTER DATABASE {engine.url.database}"
                    f" SET default_transaction_read_only = {setting}"
                )
                session(END_SESSIONS.format(engine.url.database))
                if setting == "on":
                    yield


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    """Make the database full. On PostgreSQL, a trigger raises its error for a full disk."""
    if engine.dialect.name == "sqlite":
        with sqlite_set(engine, "max_page_count", 1, otherwise=2**30):
            yield
        return
    with another_session(engine, isolation_level="AUTOCOMMIT") as session:
        session(
            "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$"
            "BEGIN RAISE 'no space left on device' USING ERRCODE = 'disk_full'; END $$"
        )
        for table in ("accounts", "user_details"):
            session(f"CREATE TRIGGER no_space BEFORE INSERT ON {table} EXECUTE FUNCTION no_space()")
        yield
        session("DROP FUNCTION no_space CASCADE")


@pytest.mark.parametrize("trouble", [write_locked, read_only])
def test_writes_are_503_and_reads_are_served(
    service: Service, trouble: Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    """Checklist 14, 15 and 31."""
    with trouble(service.engine):
        answers = service.request_all_at_once()
    for name in WRITING:
        refused = answers.pop(name)
        assert_unavailable(refused)
        assert refused.get_json(force=True)["detail"] == NOTHING_CHANGED
    served = {each.id: each.status for each in READING} | dict.fromkeys(HEALTH, 200)
    assert {name: answer.status_code for name, answer in answers.items()} == served
    # The log has the reason, and no personal data.
    said = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(said) == len(WRITING)
    assert all(re.search("lock|timeout|read-?only", reason) for reason in said)
    for secret in ("user", PASSWORD, "argon2id", "john", "king"):
        assert secret not in caplog.text
    service.assert_serves_all()


def test_a_full_database_is_503_for_writes_and_serves_reads(service: Service) -> None:
    """Checklist 15."""
    someone = Someone(service.app.test_client())
    forms = [{"username": f"{n:0150}", "lastname": "x" * 150} for n in range(99)]

    def until_refused(give: Callable[..., TestResponse], *fields: str) -> TestResponse:
        """Submit until a request is refused, because existing pages may have free space."""
        for form in forms:
            answered = give(**{name: form[name] for name in fields})
            if answered.status_code not in (200, 201):
                return answered
        return pytest.fail("it never gets full")

    with full(service.engine):
        for refused in (
            until_refused(someone.signs_up, "username"),
            until_refused(someone.gives_details, "username", "lastname"),
        ):
            assert_unavailable(refused)
        for operation in READING:
            answer = operation.ask(someone, service.links[operation.id])
            assert answer.status_code == operation.status
    service.assert_serves_all()


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.writes], ids=attrgetter("id")
)
def test_after_a_disk_error_the_outcome_of_a_write_is_unknown(
    make_app_at: Callable[..., Flask], sqlite_url: str, operation: Operation
) -> None:
    app = make_app_at(sqlite_url, database_timeout=1)
    someone, links = Someone(app.test_client()), sign_up_with_records(app)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # SQLite sees an I/O error.
    try:
        refused = operation.ask(someone, links[operation.id])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert_unavailable(refused)
    assert refused.get_json(force=True)["type"] == OUTCOME_UNKNOWN.uri
    assert someone.gives_details().status_code == 201
