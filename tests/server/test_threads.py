"""Native threads: blocking calls don't block the event loop; without one, they are plain calls."""

import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextvars import ContextVar
from functools import partial
from threading import Timer, get_ident
from traceback import walk_tb
from typing import Any

import gevent
import pytest
from gevent.event import Event

from api import threads
from api.threads import (
    GroupedCalls,
    NativeThreads,
    ThreadsExhausted,
    run_in_greenlet,
    start_thread,
    wait_for,
)
from tests.greenlets import concurrently, event_loop


@pytest.fixture(name="event_loop")
def _event_loop() -> Iterator[None]:
    with event_loop():
        yield


def exhausted(*_: object) -> None:
    raise RuntimeError("can't start new thread")


@pytest.fixture
def call(event_loop: None) -> Any:
    return NativeThreads(2).call


def test_a_call_runs_in_another_thread_while_other_greenlets_run(call: Any) -> None:
    done: list[str] = []

    def slow() -> None:
        assert call(get_ident) != get_ident()
        call(time.sleep, 0.05)
        done.append("slow")

    concurrently(slow, lambda: done.append("quick"))
    assert done == ["quick", "slow"]


def test_the_caller_gets_the_exception(call: Any, capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            call(divmod, 1, 0)
        assert call(divmod, 7, 2) == (3, 1)

    concurrently(fail)
    assert capfd.readouterr().err == ""


def test_more_calls_than_threads_wait_for_one_that_is_free(call: Any) -> None:
    used: set[int] = set()

    def work() -> int:
        time.sleep(0.02)
        return get_ident()

    def use() -> None:
        used.add(call(work))

    concurrently(*[use] * 6)
    assert len(used) == 2


def test_a_call_within_a_call_is_a_plain_one(call: Any) -> None:
    """Otherwise two threads that make nested calls would wait for a third one."""

    def outer() -> bool:
        return bool(call(get_ident) == get_ident())

    def ask() -> None:
        assert call(outer)

    concurrently(*[ask] * 4)


@pytest.mark.parametrize("when", ["before", "by a greenlet", "by a thread"])
def test_a_future_wakes_its_waiters(event_loop: None, when: str) -> None:
    future: Future[str] = Future()
    done: list[str] = []
    if when == "before":
        future.set_result("it")
    functions: list[Any] = [lambda: done.append(wait_for(future))]
    if when == "by a greenlet":
        functions.append(lambda: future.set_result("it"))
    if when == "by a thread":
        Timer(0.02, future.set_result, ["it"]).start()
    concurrently(*functions)
    assert done == ["it"]


def test_without_an_event_loop_they_block() -> None:
    assert NativeThreads(1).call(get_ident) == get_ident()
    future: Future[str] = Future()
    Timer(0.02, lambda: future.set_result("it")).start()
    assert wait_for(future) == "it"
    started: Future[int] = Future()
    start_thread(lambda: started.set_result(get_ident()))
    assert started.result(60) != get_ident()


def test_where_no_thread_can_be_started_nothing_is_done(
    event_loop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But existing threads still take further calls."""
    done: list[str] = []

    def ask() -> None:
        pool = NativeThreads(2)
        with monkeypatch.context() as patch:
            patch.setattr(threads, "_start", exhausted)
            with pytest.raises(ThreadsExhausted):
                pool.call(done.append, "nothing")
        pool.call(done.append, "first")
        monkeypatch.setattr(threads, "_start", exhausted)
        concurrently(*[lambda: pool.call(done.append, "more")] * 3)

    concurrently(ask)
    assert done == ["first", "more", "more", "more"]


class Groups(list[list[str]]):
    """The groups with which its calls were called."""

    def __init__(self, maximum: int = 500, patience: float | None = None) -> None:
        self.threads: set[int] = set()
        thread = NativeThreads(1)
        self.calls = GroupedCalls[str](
            lambda group: thread.call(self._call, group), maximum, patience
        )
        self.failed: list[str] = []

    def _call(self, group: list[str]) -> None:
        self.append(group)
        self.threads.add(get_ident())
        if "wrong" in group:
            raise ZeroDivisionError

    def add(self, *items: str) -> None:
        """Add each item in a greenlet. Those for which that raised are `failed`."""
        concurrently(*(partial(self._add, item) for item in items))

    def add_later(self, item: str, rounds: int) -> None:
        """Add the item after some rounds of the event loop."""
        for _ in range(rounds):
            gevent.sleep(0)
        self.calls.add(item)

    def _add(self, item: str) -> None:
        try:
            self.calls.add(item)
        except (ZeroDivisionError, ThreadsExhausted):
            self.failed.append(item)


def test_items_that_are_added_at_the_same_time_share_a_call_in_a_thread(event_loop: None) -> None:
    groups = Groups()
    groups.add("a", "b", "c")
    groups.add("d")
    assert groups == [["a", "b", "c"], ["d"]]
    assert len(groups.threads) == 1 and get_ident() not in groups.threads


def test_a_group_waits_as_long_as_other_requests_add_items(event_loop: None) -> None:
    groups = Groups()
    concurrently(*(partial(groups.add_later, item, n) for n, item in enumerate("abcd")))
    groups.add("e")
    assert groups == [["a", "b", "c", "d"], ["e"]]


def test_a_group_that_is_smaller_than_the_last_one_waits_longer(
    event_loop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = Groups()
    groups.add("a", "b")
    monkeypatch.setattr(threads, "PAUSE", 1)
    concurrently(partial(groups.calls.add, "c"), partial(groups.add_later, "d", 5))
    assert groups == [["a", "b"], ["c", "d"]]


def test_a_full_group_does_not_wait_for_more(event_loop: None) -> None:
    """Otherwise a steady load would delay the first call for ever."""
    waited: list[int] = []
    calls = GroupedCalls[int](lambda _: waited.append(len(calls._waiting)), 2)

    def add_later(rounds: int) -> None:
        for _ in range(rounds):
            gevent.sleep(0)
        calls.add(rounds)

    concurrently(*(partial(add_later, rounds) for rounds in range(30)))
    assert waited[0] < 5


@pytest.mark.parametrize("patience", [None, 0.005])
def test_with_a_patience_a_call_that_takes_long_delays_no_other(
    event_loop: None, patience: float | None
) -> None:
    is_free = Event()
    begun: list[list[str]] = []

    def call(group: list[str]) -> None:
        begun.append(group)
        if group == ["slow"]:
            assert is_free.wait(10 if patience else 0.05) == bool(patience)

    calls = GroupedCalls(call, 500, patience)

    def add_after_it() -> None:
        while not begun:
            gevent.sleep(0)
        calls.add("fast")
        is_free.set()

    concurrently(partial(calls.add, "slow"), add_after_it)
    assert begun == [["slow"], ["fast"]]


def test_with_a_patience_items_beyond_the_maximum_are_called_at_once(event_loop: None) -> None:
    all_began = Event()
    begun: list[list[str]] = []

    def call(group: list[str]) -> None:
        begun.append(group)
        if len(begun) == 3:
            all_began.set()
        assert all_began.wait(10)

    calls = GroupedCalls(call, 2, 60)
    concurrently(*(partial(calls.add, item) for item in "abcde"))
    assert begun == [["a", "b"], ["c", "d"], ["e"]]


def test_with_a_patience_a_call_that_raises_fails_for_its_items_alone(event_loop: None) -> None:
    groups = Groups(maximum=2, patience=60)
    groups.add("a", "b", "wrong", "c", "d")
    assert groups == [["a", "b"], ["wrong", "c"], ["d"]]
    assert sorted(groups.failed) == ["c", "wrong"]


def test_each_item_returns_after_its_own_call(event_loop: None) -> None:
    """Otherwise, as long as others add items, none would return."""
    groups = Groups(maximum=1)
    done: list[int] = []

    def add() -> None:
        groups.calls.add("a")
        done.append(len(groups))

    concurrently(*[add] * 4)
    assert done == [1, 2, 3, 4]


def test_a_call_that_raises_fails_for_its_items_and_those_that_wait(event_loop: None) -> None:
    groups = Groups(maximum=2)
    groups.add("a", "b", "wrong", "c", "d")
    assert groups == [["a", "b"], ["wrong", "c"]]
    assert sorted(groups.failed) == ["c", "d", "wrong"]
    groups.add("e")
    assert groups[-1] == ["e"] and len(groups.failed) == 3


def test_an_exception_that_many_requests_raise_does_not_grow(event_loop: None) -> None:
    calls = GroupedCalls[int](lambda _: 1 / 0, 500)
    depths: list[int] = []

    def add() -> None:
        try:
            calls.add(1)
        except ZeroDivisionError as error:
            depths.append(len(list(walk_tb(error.__traceback__))))

    concurrently(*[add] * 9)
    assert depths == [depths[0]] * 9


def test_an_item_is_called_though_the_request_that_came_first_is_killed(event_loop: None) -> None:
    groups = Groups()

    def kill_the_first() -> None:
        first, second = (gevent.spawn(groups.calls.add, item) for item in "ab")
        gevent.sleep(0)
        first.kill()
        second.get()

    concurrently(kill_the_first)
    assert groups == [["a", "b"]]


def test_items_for_which_no_thread_can_be_started_are_not_called_later(
    event_loop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = Groups()
    with monkeypatch.context() as patch:
        patch.setattr(threads, "_start", exhausted)
        groups.add("a", "b")
    assert sorted(groups.failed) == ["a", "b"]
    groups.add("c")
    assert groups == [["c"]]


def test_without_an_event_loop_each_item_has_a_call_in_its_thread() -> None:
    groups = Groups()
    groups.calls.add("a")
    groups.calls.add("b")
    assert groups == [["a"], ["b"]] and groups.threads == {get_ident()}


@pytest.mark.usefixtures("event_loop")
def test_functions_of_the_same_greenlet_have_context_variables_of_their_own() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="none")
    seen: list[tuple[object, str]] = []

    def work() -> None:
        seen.append((gevent.getcurrent(), variable.get()))
        variable.set("set")

    for _ in range(2):
        run_in_greenlet(work)
        gevent.sleep(0)
    (first, _), (second, _) = seen
    assert first is second and [text for _, text in seen] == ["none", "none"]
