"""How limits are kept: a store is waited for a second, and what isn't limited isn't counted."""

import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask

from tests.actor import PASSWORD, Someone


def test_a_store_is_waited_for_a_second_and_no_longer(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    app = make_app_at(sqlite_url, ratelimit_storage_uri="redis://127.0.0.1:1")
    kept = app.extensions["limits"].storage.storage.connection_pool.connection_kwargs
    assert (kept["socket_timeout"], kept["socket_connect_timeout"]) == (1, 1)


def test_without_limits_nothing_is_counted_and_nothing_logged(
    make_app_at: Callable[..., Flask], sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    someone = Someone(make_app_at(sqlite_url, ratelimit_passwords="").test_client())
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    assert someone.signs_in("ada", PASSWORD).reads_own().status_code == 404
    assert not caplog.records


def test_the_shortest_wait_is_a_second(
    make_app_at: Callable[..., Flask], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the limit ends while the answer is made."""
    someone = Someone(make_app_at(sqlite_url, ratelimit_default="1 per hour").test_client())
    assert someone.gives_details().status_code == 201
    monkeypatch.setattr(
        "api.limits.time", SimpleNamespace(time=lambda: 2.0**33, monotonic=time.monotonic)
    )
    assert someone.gives_details().headers["Retry-After"] == "1"


@pytest.mark.parametrize("left", [20 + tenth / 10 for tenth in range(1, 10)])
def test_who_waits_as_long_as_told_never_comes_too_early(
    make_app_at: Callable[..., Flask],
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    left: float,
) -> None:
    """Checklist 14: whatever fractions of a second there are."""
    app = make_app_at(sqlite_url, ratelimit_default="1 per hour")
    someone = Someone(app.test_client())
    assert someone.gives_details().status_code == 201
    (until,) = app.extensions["limits"].storage.expirations.values()
    frozen = SimpleNamespace(time=lambda: until - left, monotonic=time.monotonic)
    monkeypatch.setattr("api.limits.time", frozen)
    assert left <= int(someone.gives_details().headers["Retry-After"]) <= left + 2
