"""Limits count by client address, which only a trusted proxy's header changes."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.actor import assert_problem
from tests.operations import NO_RECORD
from tests.security.test_limits import ONE_DATABASE, MakeApp


def someone_at(app: Flask, **request: Any) -> Callable[[], TestResponse]:
    """Return a function that requests a record from this address or with these headers."""
    return lambda: app.test_client().get(NO_RECORD, **request)


@ONE_DATABASE
def test_each_address_has_a_limit_of_its_own(make_app: MakeApp) -> None:
    app = make_app(ratelimit_default="1 per hour")
    for address in ("198.51.100.1", "198.51.100.2", "2001:db8::1"):
        ask = someone_at(app, environ_overrides={"REMOTE_ADDR": address})
        assert ask().status_code == 404
        assert_problem(ask(), 429)


@ONE_DATABASE
def test_a_spoofed_address_changes_nothing(make_app: MakeApp) -> None:
    """Checklist 33."""
    app = make_app(ratelimit_default="1 per hour")
    assert someone_at(app)().status_code == 404
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"):
        assert_problem(someone_at(app, headers={name: "198.51.100.9"})(), 429)


@ONE_DATABASE
@pytest.mark.parametrize(("proxies", "hop"), [(1, -1), (2, -2)])
def test_behind_trusted_proxies_the_address_that_they_saw_counts(
    make_app: MakeApp, proxies: int, hop: int
) -> None:
    """Checklist 33."""
    app = make_app(ratelimit_default="1 per hour", trusted_proxies=proxies)

    def ask(*hops: str) -> TestResponse:
        return someone_at(app, headers={"X-Forwarded-For": ", ".join(hops)})()

    hops = ["198.51.100.1", "198.51.100.2", "198.51.100.3"]
    assert ask(*hops).status_code == 404
    assert_problem(ask(*hops), 429)
    # The leftmost entry is the client's own text.
    assert_problem(ask("203.0.113.7", *hops[1:]), 429)
    hops[hop] = "203.0.113.7"
    assert ask(*hops).status_code == 404
