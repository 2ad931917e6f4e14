"""Instances that share a Redis share the failure limit, and store no readable data in it."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from tests import redis_server
from tests.actor import PASSWORD, Someone, assert_problem
from tests.security.test_limits import wait_of
from tests.security.test_limits_failures import AWAY, FOREIGN, HOME, Person


@pytest.fixture(scope="module")
def redis() -> Iterator[redis_server.Redis]:
    with redis_server.running() as running:
        yield running


@pytest.fixture
def instances(
    make_app_at: Callable[..., Flask], sqlite_url: str, redis: redis_server.Redis
) -> Callable[[str], list[Flask]]:
    """Return a function that makes three instances, with an account of "ada"."""

    def make(limit: str) -> list[Flask]:
        redis.client.flushall()
        settings = {"ratelimit_failures": limit, "ratelimit_storage_uri": redis.uri}
        apps = [make_app_at(sqlite_url, **settings) for _ in range(3)]
        assert Someone(apps[0].test_client()).signs_up("ada", PASSWORD).status_code == 200
        return apps

    return make


Make = Callable[[str], list[Flask]]


def test_the_limit_is_one_for_all_instances(instances: Make) -> None:
    apps = instances("4 per hour")
    statuses = [Person(app).tries().status_code for _ in range(2) for app in apps]
    assert statuses == [401] * 4 + [429] * 2
    assert all(Person(app, AWAY).fails(2) == [401, 429] for app in apps[:1])
    assert [Person(app, AWAY).tries().status_code for app in apps] == [429] * 3


def test_an_address_that_is_known_to_one_instance_is_known_to_all(instances: Make) -> None:
    apps = instances("2 per hour")
    assert_problem(Person(apps[0]).tries(PASSWORD), 404)
    assert Person(apps[1], AWAY).fails(3) == [401, 401, 429]
    assert Person(apps[1]).fails(1) == [401]
    assert_problem(Person(apps[2]).tries(PASSWORD), 404)
    # This shows that the failure is forgotten at the second instance too.
    assert Person(apps[1]).fails(3) == [401, 401, 429]


def test_after_retry_after_another_try_is_possible(instances: Make) -> None:
    (app, *_) = instances("1 per second")
    stranger = Person(app)
    while (answer := stranger.tries()).status_code == 401:
        pass
    seconds = wait_of(answer)
    assert seconds == 1
    time.sleep(seconds)
    assert_problem(stranger.tries(PASSWORD), 404)


def test_redis_holds_hashes_and_counts_alone_for_a_limited_time(
    instances: Make, redis: redis_server.Redis
) -> None:
    (app, *_) = instances("2 per hour")
    for address in HOME, FOREIGN:
        assert_problem(Person(app, address).tries(PASSWORD), 404)
        assert Person(app, address).fails(1) == [401]
    Person(app, AWAY).fails(3)
    found = [str(key, "ascii") for key in redis.client.scan_iter()]
    keys = [key for key in found if "600/1/minute" not in key]
    assert len(keys) == 2 * 2 + 2
    for key in keys:
        known, failed = r"known/[0-9a-f]{32}", r"LIMITER/failures/[0-9a-f]{32}/2/1/hour"
        assert re.fullmatch(f"LIMITS:({known}|{failed})", key)
        assert int(redis.client.get(key) or 0) > 0
        assert 0 < redis.client.ttl(key) <= 31 * 24 * 3600


def test_while_redis_is_unavailable_each_instance_counts_in_memory(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    gone = {"ratelimit_storage_uri": "redis://127.0.0.1:1"}
    app = make_app_at(sqlite_url, ratelimit_failures="2 per hour", **gone)
    assert Person(app).signs_up("ada", PASSWORD).status_code == 200
    assert Person(app).fails(3) == [401, 401, 429]
    assert_problem(Person(app, AWAY).tries(PASSWORD), 404)
