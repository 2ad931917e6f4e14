"""Threads that do what would make everybody wait, for the one thread that hands it to them.

`concurrent.futures` has as much, but at each change of hands its locks are wanted by both threads
at once: at 16 connections, a twelfth of all new records a second on SQLite.
"""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Work(Generic[T]):
    """Something to do, whom to tell of it, and what came of it."""

    def __init__(self, function: Callable[[], T], tell: Callable[[], object]) -> None:
        self._function, self._tell = function, tell
        self._result: list[T] = []
        self._error: BaseException | None = None

    def do(self) -> None:
        try:
            self._result.append(self._function())
        except BaseException as error:
            self._error = error
        self._tell()

    def result(self) -> T:
        """What came of it, or the error that it is."""
        if self._error:
            raise self._error
        return self._result[0]


class Threads:
    """At most so many, each started when all others have something to do.

    They are for one thread to call, and don't keep the process from ending.
    """

    def __init__(self, most: int) -> None:
        self._most, self._started, self._begun = most, 0, 0
        self._asked: SimpleQueue[Work[Any] | None] = SimpleQueue()

    def begin(self, function: Callable[[], T], tell: Callable[[], object]) -> Work[T]:
        """Let the next that is idle do it, and then `tell`: not to be lingered over."""
        work = Work(function, tell)
        self._begun += 1
        if self._started < min(self._begun, self._most):
            self._started += 1
            Thread(target=self._work, daemon=True).start()
        self._asked.put(work)
        return work

    def end(self, work: Work[T]) -> T:
        """What came of it, or the error that it is, once it was told of."""
        self._begun -= 1
        return work.result()

    def close(self) -> None:
        """Let them end when they have done what they have begun."""
        for _ in range(self._started):
            self._asked.put(None)

    def _work(self) -> None:
        while work := self._asked.get():
            work.do()
            del work  # What it holds may be large, and the next may take long to come.
