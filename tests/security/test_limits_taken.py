"""The limit of "username taken" responses per client, which bounds account enumeration."""

import time
from typing import Any

from flask import Flask, Response, g

from api.problem_types import KEY_REUSED, USERNAME_TAKEN
from api.security.counters import Counter
from api.security.limits import EnumerationLimiter
from tests.actor import PASSWORD, Someone, assert_kind, assert_problem
from tests.security.test_limits import ONE_DATABASE, MakeApp, wait_of


def test_after_too_many_taken_usernames_sign_ups_are_429(make_app: MakeApp) -> None:
    """Checklist 32: the client doesn't learn either whether another username is free."""
    app = make_app(ratelimit_taken="3 per hour")
    someone = Someone(app.test_client())
    assert someone.signs_up("ada").status_code == 200
    for name in ("ada", "ADA", "Ada"):
        assert_problem(someone.signs_up(name), 409)
    for name in ("ada", "bob"):
        assert 3500 < wait_of(someone.signs_up(name)) <= 3602
        assert 3500 < wait_of(someone.signs_up(name, PASSWORD)) <= 3602
    assert wait_of(someone.signs_up("bob", headers={"X-Forwarded-For": "203.0.113.7"})) > 3500
    assert someone.gives_details().status_code == 201
    elsewhere: dict[str, Any] = {"environ_overrides": {"REMOTE_ADDR": "198.51.100.2"}}
    assert_problem(someone.signs_up("ada", **elsewhere), 409)
    assert someone.signs_up("bob", **elsewhere).status_code == 200


@ONE_DATABASE
def test_a_reused_key_does_not_count_as_a_taken_username(make_app: MakeApp) -> None:
    someone = Someone(make_app(ratelimit_taken="1 per hour").test_client())
    key = {"Idempotency-Key": "a"}
    assert someone.signs_up("ada", headers=key).status_code == 200
    assert someone.gives_details({"headers": key}).status_code == 201
    for _ in range(3):
        assert_kind(someone.signs_up("bob", headers=key), 409, KEY_REUSED)
        assert_kind(someone.gives_details({"headers": key}, firstname="a"), 409, KEY_REUSED)
    assert_kind(someone.signs_up("ada"), 409, USERNAME_TAKEN)
    assert_problem(someone.signs_up("bob"), 429)
    # Only sign-ups are refused.
    assert_kind(someone.gives_details({"headers": key}, firstname="a"), 409, KEY_REUSED)


@ONE_DATABASE
def test_a_free_username_does_not_count_against_the_limit(make_app: MakeApp) -> None:
    someone = Someone(make_app(ratelimit_taken="1 per hour").test_client())
    for number in range(5):
        assert someone.signs_up(f"user{number}").status_code == 200
        assert someone.signs_up("no name").status_code == 400
    assert_problem(someone.signs_up("user0"), 409)
    assert wait_of(someone.signs_up("user9")) > 3500


@ONE_DATABASE
def test_after_retry_after_a_sign_up_is_possible(make_app: MakeApp) -> None:
    """Checklist 14."""
    someone = Someone(make_app(ratelimit_taken="1 per second").test_client())
    while (answered := someone.signs_up("ada")).status_code != 429:
        assert answered.status_code in (200, 409)
    time.sleep(wait_of(answered))
    assert someone.signs_up("bob").status_code == 200


@ONE_DATABASE
def test_without_this_limit_taken_usernames_are_always_reported(make_app: MakeApp) -> None:
    for off in ({"ratelimit_taken": ""}, {"ratelimit_taken": "1 per hour"}):
        app = make_app(ratelimit_enabled=bool(not off["ratelimit_taken"]), **off)
        someone = Someone(app.test_client())
        someone.signs_up("ada")
        assert [someone.signs_up("ada").status_code for _ in range(3)] == [409] * 3


def test_a_client_that_may_ask_again_is_forgotten() -> None:
    """Otherwise memory would grow with the number of clients."""
    limiter, app = EnumerationLimiter("1 per second", Counter("memory://")), Flask(__name__)
    for client in ("198.51.100.1", "198.51.100.2"):
        with app.test_request_context(environ_base={"REMOTE_ADDR": client}):
            g.username_taken = True
            limiter.count(Response(status=409))
        assert list(limiter.ends) == [client]
        assert 0 < limiter.seconds_left(client) <= 1
        limiter.ends[client] -= 2  # Simulate that this many seconds have passed.
        assert limiter.seconds_left(client) == 0
