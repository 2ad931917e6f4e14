"""A request and its retries take effect once: concurrently, at two instances, or after a crash."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from tests.actor import FORM, PASSWORD, Someone, assert_problem
from tests.security.test_idempotency import KEY, OTHER, counted, keyed
from tests.serving import Server, serving
from tests.storage.test_unavailable import assert_unavailable
from tests.storage.test_unavailable_writes import write_locked

MANY = 16
Act = Callable[[Someone, int], TestResponse]


def all_at_once(apps: list[Flask], act: Act) -> list[TestResponse]:
    """Run `act` for many clients at once, alternating between the apps, and return the results."""
    together = Barrier(MANY)

    def ask(number: int) -> TestResponse:
        someone = Someone(apps[number % len(apps)].test_client())
        together.wait()
        return act(someone, number)

    with ThreadPoolExecutor(MANY) as threads:
        return list(threads.map(ask, range(MANY)))


@pytest.fixture(params=[1, 2], ids=["one instance", "two instances"])
def apps(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> list[Flask]:
    return [make_app() for _ in range(request.param)]


def test_details_that_come_at_once_are_one_record(apps: list[Flask]) -> None:
    answers = all_at_once(apps, lambda someone, _: someone.gives_details(keyed()))
    assert [answer.status_code for answer in answers] == [201] * MANY
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    assert counted(apps[0]) == (0, 1, 1)


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_sign_ups_that_come_at_once_are_one_account(
    apps: list[Flask], password: str | None
) -> None:
    answers = all_at_once(apps, lambda someone, _: someone.signs_up("ada", password, **keyed()))
    assert [answer.status_code for answer in answers] == [200] * MANY
    assert counted(apps[0]) == (1, 0, 1)


def test_of_two_forms_that_come_at_once_under_one_key_one_is_done(apps: list[Flask]) -> None:
    def give(someone: Someone, number: int) -> TestResponse:
        return someone.gives_details(keyed(), lastname=f"king{number // 2 % 2}")

    answers = all_at_once(apps, give)
    assert sorted(answer.status_code for answer in answers) == [201] * 8 + [409] * 8
    assert counted(apps[0]) == (0, 1, 1)


def test_of_two_keys_that_come_at_once_for_one_username_one_is_done(apps: list[Flask]) -> None:
    """Its retries get the same response, and the others' are refused."""

    def sign_up(someone: Someone, number: int) -> TestResponse:
        return someone.signs_up("ada", **keyed([KEY, OTHER][number // 2 % 2]))

    answers = all_at_once(apps, sign_up)
    assert sorted(answer.status_code for answer in answers) == [200] * 8 + [409] * 8
    assert counted(apps[0]) == (1, 0, 1)


def test_a_record_deleted_while_retries_come_has_no_key_left(apps: list[Flask]) -> None:
    """A retry is done before or after the deletion, so it makes a new record in the latter case."""

    def give_or_delete(someone: Someone, number: int) -> TestResponse:
        given = someone.gives_details(keyed())
        assert given.status_code == 201
        for _ in range(4):
            if number % 4 < 2:
                deleted = someone.deletes(given.headers["Location"])
                assert deleted.status_code in (204, 404)
            given = someone.gives_details(keyed())
            assert given.status_code == 201
        return given

    answers = all_at_once(apps, give_or_delete)
    assert len({answer.headers["Location"] for answer in answers}) > 1
    last = Someone(apps[0].test_client()).gives_details(keyed())
    assert Someone(apps[0].test_client()).reads(last.headers["Location"]).status_code == 200
    assert counted(apps[0]) == (0, 1, 1)


@pytest.mark.parametrize("statement", ["INSERT INTO accounts", "COMMIT"])
def test_a_failed_request_has_no_effect_and_may_be_retried(
    app: Flask, someone: Someone, statement: str
) -> None:
    engine, put = app.extensions["store"].database.engine, []

    def break_it(*given: Any) -> None:
        put.append(given[2])
        if put[-1].startswith(statement):
            raise engine.dialect.dbapi.OperationalError("it is gone")

    event.listen(engine, "before_cursor_execute", break_it)
    assert_problem(someone.signs_up("ada", PASSWORD, **keyed()), 503)
    event.remove(engine, "before_cursor_execute", break_it)
    assert any(said.startswith("INSERT INTO idempotency_keys") for said in put[:-1])
    assert counted(app) == (0, 0, 0)
    assert someone.signs_up("ada", PASSWORD, **keyed()).status_code == 200
    assert counted(app) == (1, 0, 1)


def test_a_request_that_got_503_may_be_retried(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(database_timeout=1)
    someone = Someone(app.test_client())
    with write_locked(app.extensions["store"].database.engine):
        assert_unavailable(someone.gives_details(keyed()))
    assert [someone.gives_details(keyed()).status_code for _ in range(2)] == [201] * 2
    assert counted(app) == (0, 1, 1)


@pytest.mark.long
def test_the_answer_is_the_same_after_the_server_was_killed(tmp_path: Path) -> None:
    """Also if several clients retry it at once, each time."""
    headers = {"Idempotency-Key": KEY, "Accept": "application/json"}
    account = {"username": "ada", "password": PASSWORD}
    responses: set[tuple[int, str, str]] = set()

    def ask(server: Server) -> None:
        details = requests.post(f"{server.url}/userDetails", FORM, headers=headers, timeout=60)
        responses.add((details.status_code, details.text, details.headers["Location"]))
        signed_up = requests.post(f"{server.url}/userSignUp", account, headers=headers, timeout=60)
        assert (signed_up.status_code, signed_up.json()) == (200, {"message": "Success"})

    for _ in range(2):
        with serving(tmp_path) as server, ThreadPoolExecutor(4) as threads:
            list(threads.map(ask, [server] * 8))
            os.killpg(server.process.pid, signal.SIGKILL)
    ((status, _, _),) = responses
    assert status == 201
