"""The fair semaphore: arrival order, and a timeout. The clock is set by hand, so no test sleeps."""

import time
from collections.abc import Callable
from threading import Thread
from types import SimpleNamespace

import pytest

from api.security.fair_semaphore import FairSemaphore


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(
        "api.security.fair_semaphore.time", SimpleNamespace(monotonic=clock.monotonic)
    )
    return clock


def wait_in_thread(
    semaphore: FairSemaphore, then: Callable[[], object], timeout: float = 5, first: bool = False
) -> Thread:
    """Start a thread, and return once it waits. After it acquires, it calls `then` and releases."""

    def acquire() -> None:
        try:
            semaphore.acquire(timeout, first=first)
        except TimeoutError:
            return
        then()
        semaphore.release()

    before, thread = semaphore.waiting, Thread(target=acquire, daemon=True)
    thread.start()
    while semaphore.waiting == before:
        assert thread.is_alive(), "it acquired without waiting"
        time.sleep(0.001)
    return thread


def join(*threads: Thread) -> None:
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_waiters_acquire_in_arrival_order() -> None:
    semaphore, order = FairSemaphore(1), list[str]()
    semaphore.acquire(5)
    threads = [wait_in_thread(semaphore, lambda n=name: order.append(n)) for name in "abcdefgh"]  # type: ignore[misc]
    semaphore.release()
    join(*threads)
    assert order == [*"abcdefgh"]


def test_a_waiter_that_is_first_goes_to_the_head_of_the_queue() -> None:
    semaphore, order = FairSemaphore(1), list[str]()
    semaphore.acquire(5)
    threads = [wait_in_thread(semaphore, lambda n=name: order.append(n)) for name in "ab"]  # type: ignore[misc]
    threads.append(wait_in_thread(semaphore, lambda: order.append("first"), first=True))
    semaphore.release()
    join(*threads)
    assert order == ["first", "a", "b"]


def test_it_is_acquired_as_often_as_its_value_and_no_more() -> None:
    semaphore, order = FairSemaphore(2), list[str]()
    semaphore.acquire(5)
    assert (semaphore.free, semaphore.waiting) == (1, 0)
    semaphore.acquire(5)
    third = wait_in_thread(semaphore, lambda: order.append("third"))
    assert (semaphore.free, semaphore.waiting, order) == (0, 1, [])
    semaphore.release()
    join(third)
    assert order == ["third"]
    semaphore.release()
    assert (semaphore.free, semaphore.waiting) == (2, 0)


def test_a_waiter_whose_timeout_has_expired_passes_the_semaphore_on(clock: Clock) -> None:
    semaphore, order = FairSemaphore(1), list[str]()
    semaphore.acquire(5)
    late = wait_in_thread(semaphore, lambda: order.append("late"))
    clock.now += 3
    in_time = wait_in_thread(semaphore, lambda: order.append("in time"))
    clock.now += 2.1
    semaphore.release()
    join(late, in_time)
    assert order == ["in time"]
    assert (semaphore.free, semaphore.waiting) == (1, 0)


@pytest.mark.parametrize(("seconds", "acquired"), [(5, True), (5.001, False)])
def test_the_timeout_is_exact(clock: Clock, seconds: float, acquired: bool) -> None:
    semaphore, order = FairSemaphore(1), list[str]()
    semaphore.acquire(5)
    waiter = wait_in_thread(semaphore, lambda: order.append("acquired"), timeout=5)
    clock.now += seconds
    semaphore.release()
    join(waiter)
    assert bool(order) is acquired


def test_a_free_semaphore_is_acquired_whatever_the_timeout(clock: Clock) -> None:
    semaphore = FairSemaphore(1)
    semaphore.acquire(0)
    assert semaphore.free == 0
