"""In-memory counters: fixed windows, which are dropped after they have ended."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from limits import parse

from api.security.counters import SWEEP_INTERVAL, Counter, Memory, seconds_to_wait

SetClock = Callable[[float], None]


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Set the monotonic clock. Reading the wall clock fails."""

    def set_clock(seconds: float) -> None:
        clock = SimpleNamespace(monotonic=lambda: seconds)
        monkeypatch.setattr("api.security.counters.time", clock)

    return set_clock


def test_a_window_begins_with_its_first_count_and_lasts_as_long_as_it_says(
    memory: Memory, at: SetClock
) -> None:
    for seconds, count in (100, 1), (109, 2), (110, 1), (119.9, 2), (121, 1):
        at(seconds)
        assert memory.add("a", 10) == count
        assert memory.read(["a", "b"]) == [count, 0]
    assert memory.seconds_left("a") == 10
    at(127)
    assert memory.seconds_left("a") == 4
    at(131)
    assert (memory.read(["a"]), memory.seconds_left("a"), memory.seconds_left("b")) == ([0], 0, 0)


def test_a_count_can_be_lowered_and_cleared(memory: Memory, at: SetClock) -> None:
    at(100)
    assert [memory.add("a", 10, 3), memory.add("a", 10, -2)] == [3, 1]
    memory.clear("a")
    memory.clear("a")
    assert memory.read(["a"]) == [0]


def test_a_flag_lasts_from_when_it_was_set_last(memory: Memory, at: SetClock) -> None:
    for seconds, value in (100, 7), (105, 8):
        at(seconds)
        memory.flag("a", value, 10)
        assert memory.read(["a"]) == [value]
    at(114.9)
    assert memory.read(["a"]) == [8]
    at(115)
    assert memory.read(["a"]) == [0]


def test_windows_that_have_ended_are_dropped_though_no_request_asks_for_them(
    memory: Memory, at: SetClock
) -> None:
    at(1000)
    for key, seconds in ("short", 10), ("long", 2 * SWEEP_INTERVAL):
        memory.add(key, seconds)
    memory.flag("known", 1, 10)
    at(1000 + SWEEP_INTERVAL)
    memory.add("new", 10)
    assert set(memory.windows) == {"long", "new"}


def test_windows_that_have_ended_are_searched_for_now_and_then_only(
    memory: Memory, at: SetClock
) -> None:
    at(1000)
    memory.add("short", 10)
    at(1000 + SWEEP_INTERVAL - 1)
    memory.add("new", 10)
    assert set(memory.windows) == {"short", "new"}


def test_memory_is_bounded_and_the_oldest_windows_go_first(
    memory: Memory, at: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.security.counters.MAX_ENTRIES", 3)
    at(100)
    for key in "abcacd":
        memory.add(key, 10)
    assert list(memory.windows) == ["b", "c", "d"]
    memory.flag("e", 1, 10)
    assert list(memory.windows) == ["c", "d", "e"]
    at(110)
    memory.add("c", 10)  # Its new window is the most recent one.
    memory.add("f", 10)
    assert list(memory.windows) == ["e", "c", "f"]


@pytest.fixture
def hasty() -> Iterator[None]:
    """Switch threads as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_threads_that_count_while_others_forget_lose_nothing(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.security.counters.SWEEP_INTERVAL", 0)
    all_are_there = threading.Barrier(4)

    def count(_: int) -> list[int]:
        all_are_there.wait()
        return [memory.add(f"{key}", 60) for key in range(600)]

    with ThreadPoolExecutor(4) as threads:
        counts = [n for counted in threads.map(count, range(4)) for n in counted]
    assert sorted(counts) == sorted([1, 2, 3, 4] * 600)


def test_no_thread_is_started_to_count() -> None:
    before = threading.enumerate()
    counter = Counter("memory://")
    limits = [parse("2 per hour"), parse("3 per minute")]
    found = [counter.hit(limits, "anyone") for _ in range(4)]
    assert [[w.remaining for w in windows] for windows in found] == [
        [1, 2],
        [0, 1],
        [-1, 0],
        [-2, -1],
    ]
    waits = [seconds_to_wait(windows) for windows in found]
    assert waits[:2] == [0, 0] and all(3500 < wait <= 3600 for wait in waits[2:])
    assert threading.enumerate() == before
