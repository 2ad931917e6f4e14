"""Native threads: blocking calls don't block the event loop; without one, they are plain calls."""

import time
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Timer, get_ident
from typing import Any

import gevent
import pytest

from api import threads
from api.threads import NativeThreads, ThreadsExhausted, start_thread, wait_for


@pytest.fixture
def event_loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An event loop in the test's thread."""
    monkeypatch.setattr(threads, "_event_loop", threads._EventLoop())
    threads.use_event_loop()
    yield
    gevent.get_hub().destroy(destroy_loop=True)


@pytest.fixture
def call(event_loop: None) -> Any:
    return NativeThreads(2).call


def concurrently(*functions: Any) -> None:
    """Run each function in a greenlet until all have ended. Raises the exception of any of them."""
    with gevent.Timeout(60):
        gevent.joinall([gevent.spawn(each) for each in functions], raise_error=True)


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

    def exhausted(*_: object) -> None:
        raise RuntimeError("can't start new thread")

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
