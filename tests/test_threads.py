"""Threads that are handed what takes its time, by the one that mustn't wait."""

import threading
import time
import weakref
from collections.abc import Iterator
from functools import partial
from queue import SimpleQueue

import pytest

from api.threads import Threads

PATIENCE = 5
"""Seconds after which what should have been told never will be."""


@pytest.fixture
def told() -> SimpleQueue[str]:
    return SimpleQueue()


@pytest.fixture
def threads() -> Iterator[Threads]:
    threads = Threads(2)
    yield threads
    threads.close()


def test_what_comes_of_it_is_there_when_it_is_told(
    threads: Threads, told: SimpleQueue[str]
) -> None:
    work = threads.begin(threading.get_ident, partial(told.put, "done"))
    assert told.get(timeout=PATIENCE) == "done"
    assert threads.end(work) != threading.get_ident()


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_whatever_is_raised_comes_back_and_the_thread_lives_on(
    threads: Threads, told: SimpleQueue[str], error: type[BaseException]
) -> None:
    def fail() -> None:
        raise error

    for _ in range(3):
        work = threads.begin(fail, partial(told.put, "done"))
        assert told.get(timeout=PATIENCE) == "done"
        with pytest.raises(error):
            threads.end(work)


def since(before: list[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before]


def test_so_many_work_at_once_and_the_others_come_after_them(
    threads: Threads, told: SimpleQueue[str]
) -> None:
    before = threading.enumerate()
    go = threading.Semaphore(0)
    seen: list[int] = []

    def work(number: int) -> None:
        seen.append(number)
        assert go.acquire(timeout=PATIENCE)

    begun = [threads.begin(partial(work, n), partial(told.put, "")) for n in range(4)]
    assert len(since(before)) == 2
    assert told.empty()
    go.release(4)
    for _ in begun:
        told.get(timeout=PATIENCE)
    assert {*seen[:2]} == {0, 1} and sorted(seen) == [0, 1, 2, 3]


def test_one_is_enough_for_what_comes_one_after_the_other(
    threads: Threads, told: SimpleQueue[str]
) -> None:
    before = threading.enumerate()
    for _ in range(9):
        work = threads.begin(int, partial(told.put, ""))
        told.get(timeout=PATIENCE)
        assert threads.end(work) == 0
    assert len(since(before)) == 1


def test_they_hold_nothing_that_is_done_and_end_when_they_are_closed(
    told: SimpleQueue[str],
) -> None:
    class Large:
        def do(self) -> None:
            """Nothing."""

    before = threading.enumerate()
    threads, large = Threads(1), Large()
    gone = weakref.ref(large)
    threads.begin(large.do, partial(told.put, ""))
    told.get(timeout=PATIENCE)
    del large
    until = time.monotonic() + PATIENCE
    while gone() and time.monotonic() < until:
        time.sleep(0.001)
    assert gone() is None
    (thread,) = since(before)
    threads.close()
    thread.join(PATIENCE)
    assert not thread.is_alive()
