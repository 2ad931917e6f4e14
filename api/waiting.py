"""Waiting without holding others up: what blocks is done by a thread, and who asked for it sleeps.

Code that calls these knows nothing of who else runs. Where a `Hub` runs it, it is a greenlet among
others of one thread; anywhere else (a test, a command, another server) they simply block.
"""

import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import get_ident
from typing import ParamSpec, TypeVar, cast

from greenlet import getcurrent, greenlet

PATIENCE = 0.005
"""Seconds that who lets others go first waits, at most."""
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
    return wait_for(task.hub.threads.submit(function, *arguments, **more))


def wait_for(done: Future[T]) -> T:
    """What comes of it, or the error it is, once it is done: by whichever thread."""
    task = _task()
    if task is not None:
        done.add_done_callback(lambda _: task.hub.resume(task))
        task.hub.main.switch()
    return done.result()


def wait_until_it_takes(client: socket.socket) -> None:
    """Wait until more can be sent to the client, or it has gone."""
    task = _task()
    if task is not None:
        task.hub.await_client(task, client)
    else:
        select.select([], [client], [])


def let_others_go_first() -> None:
    """Wait until nobody has anything to do but wait, though not for long."""
    task = _task()
    if task is not None:
        task.hub.be_patient(task)
        task.hub.main.switch()


class Hub:
    """Runs tasks in the thread that it is made in, each until it ends or waits.

    `fd` becomes readable when something has made a task ready to go on; then `look`. Those that
    are `sending` wait for nothing but their clients.
    """

    def __init__(self, threads: int) -> None:
        self.main = getcurrent()
        self.threads = ThreadPoolExecutor(threads)
        self._poll = select.epoll()
        self.fd = self._poll.fileno()
        self._told = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll.register(self._told, select.EPOLLIN)
        self._own = get_ident()
        self._ready: deque[_Task] = deque()
        self._patient: deque[tuple[float, _Task]] = deque()
        self._rested: list[_Task] = []
        self._most_rested = threads
        self.sending: dict[int, _Task] = {}

    def close(self) -> None:
        self._poll.close()
        os.close(self._told)

    def start(self, function: Callable[[], object]) -> None:
        """Run `function` until it ends or waits. It may not raise."""
        if self._rested:
            task = self._rested.pop()
        else:
            task = _Task(self._run, self.main)
            task.hub = self
        task.switch(function)

    def _run(self, function: Callable[[], object]) -> None:
        """One after the other: a task of its own for each would map and unmap memory each time."""
        function()
        while len(self._rested) < self._most_rested:
            self._rested.append(cast("_Task", getcurrent()))
            self.main.switch()()

    def resume(self, task: _Task) -> None:
        """Let the task go on when it is its turn. For any thread to call."""
        self._ready.append(task)
        if get_ident() != self._own:
            os.eventfd_write(self._told, 1)

    def be_patient(self, task: _Task) -> None:
        self._patient.append((time.monotonic() + PATIENCE, task))

    def await_client(self, task: _Task, client: socket.socket) -> None:
        self.sending[client.fileno()] = task
        self._poll.register(client, select.EPOLLOUT)
        self.main.switch()

    @property
    def is_busy(self) -> bool:
        """Whether a task could go on by now, of which `fd` doesn't tell."""
        return bool(self._ready or self._patient)

    def look(self) -> None:
        """See what has made tasks ready: `fd` is readable."""
        for number, _ in self._poll.poll(0):
            if number == self._told:
                os.eventfd_read(number)
            else:
                self._poll.unregister(number)
                self._ready.append(self.sending.pop(number))

    def go_on(self) -> None:
        """Run all tasks that are ready."""
        while self._ready:
            self._ready.popleft().switch()

    def go_last(self, idle: bool) -> None:
        """Run those that let others go first, if there are none, or for too long."""
        while self._patient and (idle or self._patient[0][0] < time.monotonic()):
            self._patient.popleft()[1].switch()
