"""The time to refuse credentials doesn't reveal whether the account exists."""

import gc
import time
from collections.abc import Callable, Iterator
from statistics import median

import pytest
from flask import Flask

from api.security.passwords import Passwords
from tests.actor import PASSWORD, Someone

ROUNDS, TRIES, MOST_RATIO = 12, 3, 1.15
"""The tolerated deviation. A request without a hash takes a tenth of the time. Other processes
change a median by a few hundredths, so that three failures in a row are no accident."""


@pytest.fixture
def someone(make_app_at: Callable[..., Flask], sqlite_url: str) -> Iterator[Someone]:
    """A client of the service, with the password hashing of production."""
    app = make_app_at(sqlite_url, ratelimit_enabled=False)
    app.extensions["passwords"] = Passwords(1)
    someone = Someone(app.test_client())
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    assert someone.signs_up("bare").status_code == 200
    gc.disable()  # Otherwise garbage collection would slow one of them.
    yield someone
    gc.enable()


def seconds(someone: Someone, username: str) -> float:
    """Return the CPU time in seconds, which other processes hardly affect."""
    began = time.process_time()
    answer = someone.signs_in(username, "an otter counts nine stars").reads_own()
    took = time.process_time() - began
    assert answer.status_code == 401
    return took


def ratios(someone: Someone) -> dict[str, float]:
    """Return the median times relative to that of a wrong password, measured alternately."""
    names = ["ada", "nobody", "bare", "no name"]
    taken = [[seconds(someone, name) for name in names] for _ in range(ROUNDS)]
    wrong, *others = (median(column) for column in zip(*taken, strict=True))
    return {name: other / wrong for name, other in zip(names[1:], others, strict=True)}


def test_32_refusals_of_all_usernames_take_equal_time(someone: Someone) -> None:
    """Checklist 32: a username that is unknown, has no password, or is invalid."""
    for _ in range(TRIES):
        found = ratios(someone)
        if all(1 / MOST_RATIO < ratio < MOST_RATIO for ratio in found.values()):
            return
    pytest.fail(f"of the time that a wrong password takes: {found}")
