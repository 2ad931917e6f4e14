"""Counting in memory: in fixed windows, and forgotten when they have ended."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from limits import parse

from api.counters import SWEEP, Counter, Memory

SetClock = Callable[[float], None]


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Set the clock, of the counting here and of what it comes from."""

    def set_clock(seconds: float) -> None:
        clock = SimpleNamespace(time=lambda: seconds, monotonic=lambda: seconds)
        monkeypatch.setattr("api.counters.time", clock)
        monkeypatch.setattr("limits.storage.memory.time", clock)

    return set_clock


def test_a_window_begins_with_its_first_and_lasts_as_long_as_it_says(
    memory: Memory, at: SetClock
) -> None:
    for seconds, count in (100, 1), (109, 2), (110, 1), (119.9, 2), (121, 1):
        at(seconds)
        assert memory.incr("a", 10) == count
    assert memory.get_expiry("a") == 131


def test_what_has_ended_is_forgotten_though_nobody_asks_for_it_again(
    memory: Memory, at: SetClock
) -> None:
    at(1000)
    for key, seconds in ("short", 10), ("long", 2 * SWEEP):
        memory.incr(key, seconds)
    at(1000 + SWEEP)
    memory.incr("new", 10)
    assert set(memory.storage) == set(memory.expirations) == {"long", "new"}


def test_what_has_ended_is_looked_for_now_and_then_alone(memory: Memory, at: SetClock) -> None:
    at(1000)
    memory.incr("short", 10)
    at(1000 + SWEEP - 1)
    memory.incr("new", 10)
    assert set(memory.storage) == {"short", "new"}


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns wherever they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_threads_that_count_while_others_forget_lose_nothing(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.counters.SWEEP", 0)
    all_are_there = threading.Barrier(4)

    def count(_: int) -> list[int]:
        all_are_there.wait()
        return [memory.incr(f"{key}", 60) for key in range(600)]

    with ThreadPoolExecutor(4) as threads:
        counts = [n for counted in threads.map(count, range(4)) for n in counted]
    assert sorted(counts) == sorted([1, 2, 3, 4] * 600)


def test_no_thread_is_started_to_count() -> None:
    counter = Counter("memory://")
    counter.wait([parse("2 per hour")], "anyone")
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()  # limits starts one when it is made.
    before = threading.enumerate()
    assert [bool(counter.wait([parse("2 per hour")], "anyone")) for _ in range(3)] == [0, 1, 1]
    assert threading.enumerate() == before
