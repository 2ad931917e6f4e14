"""Rate-limit storage: requests wait for it a second at most, and unlimited ones don't use it."""

from collections.abc import Callable

import pytest
from flask import Flask

from api.security.counters import Memory
from tests.actor import PASSWORD, Someone


def test_a_store_is_waited_for_a_second_and_no_longer(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    app = make_app_at(sqlite_url, ratelimit_storage_uri="redis://127.0.0.1:1")
    kept = app.extensions["limits"].store.storage.storage.connection_pool.connection_kwargs
    assert (kept["socket_timeout"], kept["socket_connect_timeout"]) == (1, 1)


def test_without_limits_nothing_is_counted_and_nothing_logged(
    make_app_at: Callable[..., Flask], sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    someone = Someone(make_app_at(sqlite_url, ratelimit_passwords="").test_client())
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    assert someone.signs_in("ada", PASSWORD).reads_own().status_code == 404
    assert not caplog.records


@pytest.mark.parametrize(
    ("left", "expected"),
    [(0.001, "1"), (0.999, "1"), (1, "1"), (1.001, "2"), (20.1, "21"), (20, "20")],
)
def test_retry_after_is_rounded_up_to_seconds(
    make_app_at: Callable[..., Flask],
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
    left: float,
    expected: str,
) -> None:
    """Checklist 14."""
    someone = Someone(make_app_at(sqlite_url, ratelimit_default="1 per hour").test_client())
    assert someone.gives_details().status_code == 201
    monkeypatch.setattr(Memory, "seconds_left", lambda *_: left)
    assert someone.gives_details().headers["Retry-After"] == expected
