"""Waiting without holding others up: what blocks is done by a thread, and who asked for it sleeps.

Code that calls these knows nothing of who else runs. Where a `Hub` runs it, it is a greenlet among
others of one thread; anywhere else (a test, a command, another server) they simply block.
"""

import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock, get_ident
from typing import ParamSpec, TypeVar

from greenlet import getcurrent, greenlet

PATIENCE = 0.005
P = ParamSpec("P")
T = TypeVar("T")


class _Task(greenlet):
    hub: "Hub"


def _task() -> _Task | None:
    task = getcurrent()
    return task if isinstance(task, _Task) else None


def call(function: Callable[P, T], /, *arguments: P.args, **more: P.kwargs) -> T:
    """What `function` returns or raises, though it may take its time."""
    task = _task()
    if task is None:
        return function(*arguments, **more)
    done: Future[T] = task.hub.threads.submit(function, *arguments, **more)
    done.add_done_callback(lambda _: task.hub.resume(task))
    task.hub.main.switch()
    return done.result()


def let_others_go_first() -> None:
    """Wait until nobody has anything to do but wait, though not for long."""
    task = _task()
    if task is not None:
        task.hub.be_patient(task)
        task.hub.main.switch()


class Signal:
    """Something that happens once, to be waited for by one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lock.acquire()
        self._sleeper: _Task | None = None

    def wait(self) -> None:
        task = _task()
        if task is None:
            self._lock.acquire()
        elif not self._lock.acquire(blocking=False):
            self._sleeper = task
            task.hub.main.switch()

    def set(self) -> None:
        if self._sleeper is None:
            self._lock.release()
        else:
            self._sleeper.hub.resume(self._sleeper)


class Hub:
    """Runs tasks in the thread that it is made in, each until it ends or waits.

    `fd` becomes readable when another thread has made a task ready to go on; then `go_on`.
    """

    def __init__(self, threads: int) -> None:
        self.main = getcurrent()
        self.threads = ThreadPoolExecutor(threads)
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._own = get_ident()
        self._ready: deque[_Task] = deque()
        self._patient: deque[tuple[float, _Task]] = deque()

    def start(self, function: Callable[[], object]) -> None:
        """Run `function` until it ends or waits. It may not raise."""
        task = _Task(function, self.main)
        task.hub = self
        task.switch()

    def resume(self, task: _Task) -> None:
        """Let the task go on when it is its turn. For any thread to call."""
        self._ready.append(task)
        if get_ident() != self._own:
            os.eventfd_write(self.fd, 1)

    def be_patient(self, task: _Task) -> None:
        self._patient.append((time.monotonic() + PATIENCE, task))

    @property
    def is_patient(self) -> bool:
        return bool(self._patient)

    def go_last(self, idle: bool) -> None:
        while self._patient and (idle or self._patient[0][0] < time.monotonic()):
            self._patient.popleft()[1].switch()

    def go_on(self) -> None:
        """Run all tasks that have become ready."""
        with suppress(BlockingIOError):
            os.eventfd_read(self.fd)
        while self._ready:
            self._ready.popleft().switch()
