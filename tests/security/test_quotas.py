"""The headers RateLimit and RateLimit-Policy: what is told of which limit, and to whom."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.config import Settings
from tests import redis_server
from tests.actor import PASSWORD, Someone, assert_problem
from tests.operations import EACH_OPERATION, NO_RECORD, Operation, sign_up_with_records

MakeApp = Callable[..., Flask]
Told = dict[str, dict[str, int]]

DIGITS = "9876543211 per 1023456789500 second;3 per 9 second;100000 per 60 second"
"""Limits whose headers have every digit in every place, however long a request takes."""


@pytest.fixture
def make_someone(make_app_at: MakeApp, sqlite_url: str) -> Callable[..., Someone]:
    """Make a client of the service with these settings. Limits don't depend on the database."""
    return lambda **settings: Someone(make_app_at(sqlite_url, **settings).test_client())


def told(response: TestResponse, header: str) -> Told:
    """Return the parameters of each item of the header, by its name; nothing without the header."""
    items = [item.split(";") for item in response.headers.get(header, "").split(", ") if item]
    pairs = {name.strip('"'): [pair.split("=") for pair in rest] for name, *rest in items}
    return {name: {key: int(value) for key, value in of} for name, of in pairs.items()}


def quotas(response: TestResponse) -> tuple[Told, Told]:
    return told(response, "RateLimit-Policy"), told(response, "RateLimit")


@EACH_OPERATION
def test_each_operation_says_how_many_requests_remain_and_which_limit_is_exceeded(
    make_app: MakeApp, operation: Operation
) -> None:
    links = sign_up_with_records(make_app())
    for media_type in operation.produces or ["*/*"]:
        someone = Someone(make_app(ratelimit_default="1 per minute").test_client())
        accept = {"Accept": media_type}
        policy = {"default-60": {"q": 1, "w": 60}}
        found = operation.ask(someone, links[operation.id], headers=accept)
        assert found.status_code == operation.status
        policies, remaining = quotas(found)
        assert policies["default-60"] == policy["default-60"]
        assert remaining["default-60"]["r"] == 0 and 0 < remaining["default-60"]["t"] <= 60
        refused = operation.ask(someone, links[operation.id], headers=accept)
        assert_problem(refused, 429)
        policies, remaining = quotas(refused)
        assert policies["default-60"] == policy["default-60"]
        wait = int(refused.headers["Retry-After"])
        assert remaining == {"default-60": {"r": 0, "t": wait}}


def test_each_limit_of_the_requests_of_a_client_is_told(
    make_someone: Callable[..., Someone],
) -> None:
    someone = make_someone(ratelimit_default=DIGITS, ratelimit_passwords=DIGITS)
    limits = {"1023456789500": 9876543211, "9": 3, "60": 100000}
    policies, remaining = quotas(someone.signs_up("ada", PASSWORD))
    for setting in "default", "passwords":
        for window, amount in limits.items():
            name = f"{setting}-{window}"
            assert policies[name] == {"q": amount, "w": int(window)}
            assert remaining[name]["r"] == amount - 1
            assert 0 < remaining[name]["t"] <= int(window)
    assert len(policies) == len(remaining) == 6


@pytest.mark.parametrize("header", ["RateLimit-Policy", "RateLimit"])
def test_a_header_that_is_too_long_is_left_out(
    make_someone: Callable[..., Someone], header: str
) -> None:
    """Limits are lengthened until the header has its maximum length, and then one more."""
    seen = set()
    for digits in range(1, 16):
        limits = ";".join(
            [
                *(f"{10**12} per {2 * 10**8 + n} second" for n in range(10)),
                f"{'9' * digits} per 7 second",
            ]
        )
        response = make_someone(ratelimit_default=limits).gives_details()
        assert response.status_code == 201
        seen.add(len(response.headers.get(header, "")))
    assert max(seen) == 512 and 0 in seen, seen


def test_a_refusal_names_only_the_limits_that_are_exceeded(
    make_someone: Callable[..., Someone],
) -> None:
    limits = {"ratelimit_default": "9 per minute", "ratelimit_passwords": "1 per month;5 per day"}
    someone = make_someone(**limits)
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    refused = someone.signs_up("bob", PASSWORD)
    policies, remaining = quotas(refused)
    assert set(policies) == {"default-60", "passwords-2592000", "passwords-86400"}
    # Not for longer than Retry-After, which is a day at most.
    assert remaining == {"passwords-2592000": {"r": 0, "t": 86400}}
    assert refused.headers["Retry-After"] == "86400"


@pytest.mark.parametrize(
    "settings", [{"ratelimit_enabled": False, "ratelimit_default": "9 per minute"}, {}]
)
def test_without_a_limit_there_are_no_headers(
    make_someone: Callable[..., Someone], settings: dict[str, str]
) -> None:
    someone = make_someone(**settings)
    for answer in someone.gives_details(), someone.signs_up("bob"), someone.reads(NO_RECORD):
        assert quotas(answer) == ({}, {})


def test_passwords_have_a_limit_by_default(make_someone: Callable[..., Someone]) -> None:
    limit = re.fullmatch("([0-9]+) per minute", Settings().ratelimit_passwords)
    assert limit
    policies, remaining = quotas(make_someone().signs_up("ada", PASSWORD))
    assert policies == {"passwords-60": {"q": int(limit[1]), "w": 60}}
    assert remaining["passwords-60"]["r"] == int(limit[1]) - 1


def test_nothing_is_told_of_failed_checks_and_taken_usernames(
    make_someone: Callable[..., Someone],
) -> None:
    """Known and unknown usernames have equal responses, and others' guesses stay unknown."""
    settings = {"ratelimit_failures": "1 per hour", "ratelimit_taken": "2 per hour"}
    someone = make_someone(ratelimit_passwords="", **settings)
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    answers = {
        name: [someone.signs_in(name, "a wrong password").reads_own() for _ in range(2)]
        for name in ("ada", "nobody")
    }
    answers["taken"] = [someone.signs_up("ada") for _ in range(3)]
    assert {name: [each.status_code for each in found] for name, found in answers.items()} == {
        "ada": [401, 429],
        "nobody": [401, 429],
        "taken": [409, 409, 429],
    }
    assert all(quotas(each) == ({}, {}) for found in answers.values() for each in found)


def test_redis_counts_all_limits_of_a_setting_in_one_round_trip(
    make_someone: Callable[..., Someone],
) -> None:
    with redis_server.running() as redis:
        limits = "9 per minute;90 per hour"
        someone = make_someone(ratelimit_default=limits, ratelimit_storage_uri=redis.uri)
        assert someone.gives_details().status_code == 201  # This connects, and loads the script.
        before = redis.client.info("commandstats")
        policies, remaining = quotas(someone.gives_details())
        assert (len(policies), remaining["default-60"]["r"]) == (2, 7)
        assert 50 < remaining["default-60"]["t"] <= 60
        assert 3500 < remaining["default-3600"]["t"] <= 3600
        after = redis.client.info("commandstats")
        calls = {n: after[n]["calls"] - before.get(n, {"calls": 0})["calls"] for n in after}
        # The script's own commands take no round trip.
        asked = {n: c for n, c in calls.items() if c and n not in ("cmdstat_incr", "cmdstat_pttl")}
        assert asked == {"cmdstat_evalsha": 1, "cmdstat_info": 1}
