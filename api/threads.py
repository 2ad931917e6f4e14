"""Native threads for work that would block the event loop.

Under the server a request is a greenlet of one thread, and gevent's patches let it wait for sockets
without blocking other requests. SQLite and Argon2id would block all of them, so `NativeThreads` run
that work. Without the event loop (a test client, a command, another server) they call it directly.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, ParamSpec, TypeVar

import gevent
from gevent.hub import Waiter
from gevent.monkey import get_original

P = ParamSpec("P")
T = TypeVar("T")

# Python's own functions, also after gevent's patches replaced them.
_start = get_original("_thread", "start_new_thread")
_get_ident = get_original("_thread", "get_ident")
_Queue: Any = get_original("queue", "SimpleQueue")
sleep: Callable[[float], None] = get_original("time", "sleep")
"""Blocks a native thread."""


class ThreadsExhausted(Exception):
    """The system can't start another thread, and nothing was done."""


def start_thread(target: Callable[[], object]) -> None:
    """Start a native daemon thread that calls `target`. Raises `ThreadsExhausted`."""
    try:
        _start(target, ())
    except RuntimeError as error:
        raise ThreadsExhausted(str(error)) from error


class _EventLoop:
    """The event loop of this process; `thread` is the native thread that runs it."""

    loop: Any = None
    pid = thread = 0

    def is_running_here(self) -> bool:
        return self.thread == _get_ident() and self.pid == os.getpid()


_event_loop = _EventLoop()


class NativeThreads:
    """At most `number` native threads, started on demand and then kept.

    Only the thread of the event loop changes the counts, so that they need no lock.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._threads = self._unfinished = 0
        self._calls = _Queue()

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `function` returns, or raise what it raises, without blocking other requests.

        Without an event loop in the calling thread, call it directly. Raises `ThreadsExhausted`.
        """
        if not _event_loop.is_running_here():
            return function(*args, **kwargs)
        if self._unfinished >= self._threads and self._threads < self._number:
            try:
                start_thread(partial(self._work, _event_loop.loop.run_callback_threadsafe))
                self._threads += 1
            except ThreadsExhausted:
                if not self._threads:
                    raise
        waiter: Any = Waiter()
        self._unfinished += 1
        try:
            self._calls.put((function, args, kwargs, waiter))
            result: T = waiter.get()
        finally:
            self._unfinished -= 1
        return result

    def _work(self, run_in_loop: Callable[..., object]) -> None:
        while True:
            function, args, kwargs, waiter = self._calls.get()
            try:
                result = function(*args, **kwargs)
            except BaseException as error:
                run_in_loop(waiter.throw, error)
            else:
                run_in_loop(waiter.switch, result)
            # Release the arguments and the result, such as a connection, before the next call.
            function = args = kwargs = waiter = result = None


def use_event_loop() -> None:
    """Let `NativeThreads` and `wait_for` wait in this thread's event loop.

    A worker calls this after the fork.
    """
    _event_loop.loop = gevent.get_hub().loop
    _event_loop.pid, _event_loop.thread = os.getpid(), _get_ident()


def wait_for(future: Future[T]) -> T:
    """Return the result of `future`, or raise its exception, without blocking other requests.

    Any thread may complete it.
    """
    if _event_loop.is_running_here() and not future.done():
        waiter: Any = Waiter()
        wake = _event_loop.loop.run_callback_threadsafe
        future.add_done_callback(lambda _: wake(waiter.switch, None))
        waiter.get()
    return future.result()
