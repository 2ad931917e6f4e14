"""Rate limits per client, and correct `Retry-After` headers."""

import time
from collections.abc import Callable
from itertools import count

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.actor import PASSWORD, Someone, assert_problem
from tests.operations import EACH_OPERATION, NO_RECORD, Operation

MakeApp = Callable[..., Flask]

# Rate limits don't depend on the kind of database.
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

UNLIMITED = ["/", "/docs", "/docs/start.js", "/openapi.json", "/openapi.yaml", "/livez", "/readyz"]


def wait_of(answered: TestResponse) -> int:
    assert_problem(answered, 429)
    return int(answered.headers["Retry-After"])


@ONE_DATABASE
def test_retry_after_is_a_day_at_most(make_app: MakeApp) -> None:
    someone = Someone(make_app(ratelimit_default="1 per month").test_client())
    someone.reads(NO_RECORD)
    assert wait_of(someone.reads(NO_RECORD)) == 86_400


@EACH_OPERATION
def test_every_operation_is_rate_limited(make_app: MakeApp, operation: Operation) -> None:
    someone = Someone(make_app(ratelimit_default="2 per hour").test_client())
    for _ in range(2):
        assert operation.ask(someone, NO_RECORD).status_code in (operation.status, 401, 404)
    assert 3500 < wait_of(operation.ask(someone, NO_RECORD)) <= 3601


@ONE_DATABASE
def test_after_retry_after_a_request_is_served(make_app: MakeApp) -> None:
    """Checklist 14."""
    names = (f"user{n}" for n in count())
    limits = [{"ratelimit_default": "2 per second"}, {"ratelimit_passwords": "2 per second"}]
    waits = {}
    for someone in (Someone(make_app(**limit).test_client()) for limit in limits):
        while (answered := someone.signs_up(next(names), PASSWORD)).status_code == 200:
            pass
        waits[someone] = wait_of(answered)
    assert all(1 <= wait <= 2 for wait in waits.values())
    time.sleep(max(waits.values()))
    for someone in waits:
        assert someone.signs_up(next(names), PASSWORD).status_code == 200


@ONE_DATABASE
@pytest.mark.parametrize(
    "settings",
    [
        {"ratelimit_default": "1 per minute;1 per hour"},
        {"ratelimit_passwords": "1 per minute;1 per hour"},
        {"ratelimit_default": "1 per minute", "ratelimit_passwords": "1 per hour"},
        {"ratelimit_default": "1 per hour", "ratelimit_passwords": "1 per minute"},
    ],
)
def test_retry_after_is_that_of_the_longest_limit(
    make_app: MakeApp, settings: dict[str, str]
) -> None:
    """Checklist 14: otherwise a client that waits is refused again."""
    someone = Someone(make_app(**settings).test_client())
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    assert wait_of(someone.signs_up("bob", PASSWORD)) > 3500


@ONE_DATABASE
def test_retry_after_is_not_shorter_than_the_wait(make_app: MakeApp) -> None:
    """Checklist 14: also if the clock's second has changed in the meantime."""
    someone = Someone(make_app(ratelimit_default="1 per minute").test_client())
    began = time.time()
    assert someone.gives_details().status_code == 201
    while int(time.time()) == int(began):
        time.sleep(0.01)
    assert wait_of(someone.gives_details()) >= began + 60 - time.time()


@ONE_DATABASE
def test_retry_after_is_within_the_documents_bounds(make_app: MakeApp) -> None:
    """The test client checks each response against the document."""
    someone = Someone(make_app(ratelimit_default="1 per month").test_client())
    someone.gives_details()
    assert wait_of(someone.gives_details()) > 86000


def test_work_with_passwords_has_one_budget_whatever_the_operation(make_app: MakeApp) -> None:
    """Checklist 33."""
    someone = Someone(make_app(ratelimit_passwords="4 per hour").test_client())
    ada = someone.signs_in("ada", PASSWORD)
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    assert ada.reads_own().status_code == 404
    assert ada.gives_details(username="ada").status_code == 201
    assert_problem(someone.signs_in("ada", "a wrong password").reads_own(), 401)
    form = {"username": "bob", "password": PASSWORD}
    for refused in (
        someone.signs_up("bob", PASSWORD),
        someone.posts(form, "multipart/form-data", "/userSignUp"),
        ada.reads_own(),
        ada.gives_details(username="ada"),
    ):
        assert wait_of(refused) > 3500
    # HEAD does the work of GET. Its response has no body.
    assert ada.asks("HEAD", "/userDetails").status_code == 429
    for n in range(6):
        assert someone.signs_up(f"user{n}").status_code == 200
        assert someone.gives_details().status_code == 201
        assert someone.reads(NO_RECORD).status_code == 404


@ONE_DATABASE
@pytest.mark.parametrize("path", UNLIMITED)
def test_only_operations_are_rate_limited(make_app: MakeApp, path: str) -> None:
    someone = Someone(make_app(ratelimit_default="1 per hour").test_client())
    assert {someone.reads(path).status_code for _ in range(4)} <= {200, 302}


@ONE_DATABASE
def test_asking_what_is_here_is_never_limited(make_app: MakeApp) -> None:
    someone = Someone(make_app(ratelimit_default="1 per hour").test_client())
    for _ in range(3):
        assert someone.asks("OPTIONS", "/userSignUp").status_code == 204
        assert_problem(someone.asks("GET", "/userSignUp"), 405)
        assert_problem(someone.reads("/nothing"), 404)
    assert someone.signs_up("ada").status_code == 200


@ONE_DATABASE
def test_limits_can_be_switched_off(make_app: MakeApp) -> None:
    every = {"ratelimit_default": "1 per hour", "ratelimit_passwords": "1 per hour"}
    someone = Someone(make_app(ratelimit_enabled=False, **every).test_client())
    for n in range(4):
        assert someone.signs_up(f"user{n}", PASSWORD).status_code == 200


@ONE_DATABASE
def test_the_service_works_without_its_rate_limit_store(make_app: MakeApp) -> None:
    gone = {"ratelimit_storage_uri": "redis://127.0.0.1:1"}
    someone = Someone(make_app(ratelimit_default="1 per hour", **gone).test_client())
    assert someone.gives_details().status_code == 201
    assert_problem(someone.gives_details(), 429)  # Each process counts by itself in the meantime.
