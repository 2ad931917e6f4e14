"""Native threads for work that would block the event loop.

Under the server a request is a greenlet of one thread, and gevent's patches let it wait for sockets
without blocking other requests. SQLite and Argon2id would block all of them, so `NativeThreads` and
`GroupedCalls` run that work. Without the event loop (a test client, a command, another server) they
call it directly.
"""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar

import gevent
from gevent.event import Event
from gevent.hub import Waiter
from gevent.monkey import get_original

P = ParamSpec("P")
T = TypeVar("T")

# Python's own functions, also after gevent's patches replaced them.
_start = get_original("_thread", "start_new_thread")
_get_ident = get_original("_thread", "get_ident")
_Queue: Any = get_original("queue", "SimpleQueue")
PAUSE = 0.001
"""Seconds for which an item waits for others, if the last call had several."""
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


class _Added(Generic[T]):
    """An item, and the exception of the call with it, once it is `done`."""

    def __init__(self, item: T) -> None:
        self.item = item
        self.error: BaseException | None = None
        self.done = Event()


class GroupedCalls(Generic[T]):
    """Calls `function` in a native thread, each time with all items that were added meanwhile.

    So requests that are served at the same time share the cost of a call, such as a sync to disk,
    and of the change to another thread and back. A call gets at most `maximum` items.
    """

    def __init__(self, function: Callable[[list[T]], object], maximum: int) -> None:
        self._function, self._maximum = function, maximum
        self._thread = NativeThreads(1)
        self._waiting: deque[_Added[T]] = deque()
        self._lock = Lock()
        self._has_caller = self._is_busy = False

    def add(self, item: T) -> None:
        """Return after a call with the item, without blocking other requests.

        An exception of the call is raised for its items and for all that wait, because they would
        likely wait as long for the same exception. Raises `ThreadsExhausted`.
        """
        added = _Added(item)
        self._waiting.append(added)
        if not _event_loop.is_running_here():
            with self._lock:  # Several threads may be here.
                called = self._call()
        elif self._has_caller:
            added.done.wait()
            called = []
        else:
            self._has_caller = True
            # Meanwhile, other requests add their items.
            gevent.sleep(PAUSE if self._is_busy else 0)
            called = self._call_in_thread()
        for each in called:
            each.done.set()
        if added.error:
            raise added.error

    def _call_in_thread(self) -> list[_Added[T]]:
        try:
            return self._thread.call(self._call)
        except ThreadsExhausted as error:
            self._has_caller = False
            refused = self._take()  # Otherwise a later call would have these items.
            for each in refused:
                each.error = error
            return refused

    def _call(self) -> list[_Added[T]]:
        """Call the function with all items that wait, and return them."""
        called: list[_Added[T]] = []
        self._has_caller = False  # First, so that an item that is added too late has a new caller.
        while group := self._take(self._maximum):
            try:
                self._function([each.item for each in group])
            except BaseException as error:
                group += self._take()
                for each in group:
                    each.error = error
            called += group
        self._is_busy = len(called) > 1
        return called

    def _take(self, maximum: int | None = None) -> list[_Added[T]]:
        number = len(self._waiting)
        return [self._waiting.popleft() for _ in range(min(number, maximum or number))]


def has_event_loop() -> bool:
    """Return whether this thread runs the event loop, which work must not block."""
    return _event_loop.is_running_here()


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
