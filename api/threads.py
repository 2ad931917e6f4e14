"""Greenlets of the event loop, and native threads for work that would block it.

Under the server a request is a greenlet of one thread, and gevent's patches let it wait for sockets
without blocking other requests. SQLite and Argon2id would block all of them, so `NativeThreads`
runs that work. Without the event loop (a test client, a command, another server) it calls it
directly.
"""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from functools import partial
from types import TracebackType
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
MAX_IDLE = 64
"""Maximum idle greenlets. Each takes 16 KiB for Python's frames."""
PAUSE = 0.001
"""Seconds for which a group waits for more items if it has fewer than the last one."""
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

    def __init__(self) -> None:
        self.idle: list[Any] = []
        """The `Waiter` of each idle greenlet, which waits for another function."""

    def is_running_here(self) -> bool:
        return self.thread == _get_ident() and self.pid == os.getpid()


_event_loop = _EventLoop()


def run_in_greenlet(function: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
    """Call the function soon, in a greenlet of the event loop. The function must not raise.

    Greenlets are reused, because a new one for each connection takes 7 to 10 % of the CPU time.
    Each function has context variables of its own, but a value in a `threading.local` remains for
    the next function in the same greenlet.
    """
    call = partial(Context().run, function, *args, **kwargs)
    if _event_loop.idle:
        _event_loop.loop.run_callback(_event_loop.idle.pop().switch, call)
    else:
        gevent.spawn_raw(_run_calls, call)


def _run_calls(call: Callable[[], object] | None) -> None:
    """Run the call, and then others. End if `MAX_IDLE` greenlets are idle already."""
    while call:
        call()
        call = None  # Release the arguments, such as a connection.
        if len(_event_loop.idle) < MAX_IDLE:
            waiter: Any = Waiter()
            _event_loop.idle.append(waiter)
            call = waiter.get()


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
    """An item, and the exception of its call, once it is `done`."""

    def __init__(self, item: T) -> None:
        self.item = item
        self.done = Event()
        self.error: BaseException | None = None
        self.traceback: TracebackType | None = None

    def fail(self, error: BaseException) -> None:
        self.error, self.traceback = error, error.__traceback__


class GroupedCalls(Generic[T]):
    """Calls `function` with a group: the items added since the last call, at most `maximum`.

    So requests that are served at the same time share the cost of a call, such as a sync to disk.
    Each call has a greenlet, and the next call starts when the last one has ended. If that raised,
    the items that waited for its end fail too. With a `patience`, the next call starts after these
    seconds at the latest, or at once if there are too many items for one group.
    """

    def __init__(
        self,
        function: Callable[[list[T]], object],
        maximum: int,
        patience: float | None = None,
    ) -> None:
        self._function, self._maximum, self._patience = function, maximum, patience
        self._waiting: deque[_Added[T]] = deque()
        self._is_calling = False
        self._last_size = 0

    def add(self, item: T) -> None:
        """Return after a call with the item, without blocking other requests.

        Raises what the call raises. Without an event loop in the calling thread, the item has its
        own call.
        """
        if not _event_loop.is_running_here():
            self._function([item])
            return
        added = _Added(item)
        self._waiting.append(added)
        if not self._is_calling:
            self._is_calling = True
            run_in_greenlet(self._call_until_none_waits)
        added.done.wait()
        if added.error:  # Several requests may raise it, each with its own traceback.
            raise added.error.with_traceback(added.traceback)

    def _call_until_none_waits(self) -> None:
        while self._waiting:
            self._wait_for_more()
            self._last_size = min(len(self._waiting), self._maximum)
            group = [self._waiting.popleft() for _ in range(self._last_size)]
            run_in_greenlet(self._call, group)
            if self._patience is None or not self._waiting:
                group[-1].done.wait(self._patience)
        self._is_calling = False

    def _wait_for_more(self) -> None:
        """Wait until the group is full, or a round of the event loop adds no item.

        If there are then fewer items than in the last group, wait for `PAUSE` too.
        """
        number = 0
        while number < min(len(self._waiting), self._maximum):
            number = len(self._waiting)
            gevent.sleep(0)
        if number < self._last_size:
            gevent.sleep(PAUSE)

    def _call(self, group: list[_Added[T]]) -> None:
        try:
            self._function([each.item for each in group])
        except BaseException as error:
            if self._patience is None:
                group.extend(self._waiting)
                self._waiting.clear()
            for each in group:
                each.fail(error)
        for each in group:
            each.done.set()


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
