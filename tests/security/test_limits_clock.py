"""Limits don't depend on the wall clock, which an operator or NTP may change at any time."""

import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import redis_server
from tests.actor import Someone
from tests.security.test_limits import wait_of

HOUR = 60 * 60
ASK: dict[str, Callable[[Someone], TestResponse]] = {
    "ratelimit_default": lambda someone: someone.gives_details(),
    "ratelimit_passwords": lambda someone: someone.signs_in("ada").reads_own(),
    "ratelimit_taken": lambda someone: someone.signs_up("ada"),
    "ratelimit_failures": lambda someone: someone.signs_in("ada").reads_own(),
}
"""A request that each limit counts: the username is taken, and the password is wrong."""


@pytest.fixture(scope="module")
def redis() -> Iterator[redis_server.Redis]:
    with redis_server.running() as running:
        yield running


@pytest.fixture(params=["memory", "redis"])
def storage(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory://"
    redis: redis_server.Redis = request.getfixturevalue("redis")
    redis.client.flushall()
    return redis.uri


@pytest.mark.parametrize("limit", ASK)
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_wall_clock_that_is_set_by_an_hour_neither_frees_nor_locks_out(
    make_app_at: Callable[..., Flask],
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    storage: str,
    *,
    limit: str,
    hours: int,
) -> None:
    now, moved = time.time, 0
    monkeypatch.setattr(time, "time", lambda: now() + moved)
    settings = {limit: "1 per hour", "ratelimit_storage_uri": storage}
    someone = Someone(make_app_at(sqlite_url, **settings).test_client())
    someone.signs_up("ada")
    assert ASK[limit](someone).status_code in (201, 401, 409)
    moved = hours * (HOUR + 60)
    assert HOUR - 60 < wait_of(ASK[limit](someone)) <= HOUR
    moved = 0
    assert HOUR - 60 < wait_of(ASK[limit](someone)) <= HOUR
