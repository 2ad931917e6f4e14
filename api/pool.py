"""The pool of connections, had in turns: those who find none wait, without a thread to do so."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Lock
from typing import Any, cast

from sqlalchemy import Connection, Engine, QueuePool
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.waiting import call, wait_for


class Turns:
    """So many at once; the others wait in their order, until those who came too late say so.

    Nobody watches the time: each turn that ends is offered to who has waited longest. So if a turn
    takes no longer than `seconds`, nobody waits for one longer than twice that.
    """

    def __init__(self, number: int, seconds: float) -> None:
        self._free, self._seconds = number, seconds
        self._waiting: deque[Future[None]] = deque()
        self._guard = Lock()

    def take(self) -> None:
        """Have a turn until `give`. Raises `TimeoutError`."""
        with self._guard:
            if self._free:
                self._free -= 1
                return
            turn: Future[None] = Future()
            self._waiting.append(turn)
        deadline = time.monotonic() + self._seconds
        wait_for(turn)
        if time.monotonic() > deadline:
            self.give()
            raise TimeoutError

    def give(self) -> None:
        with self._guard:
            turn = self._waiting.popleft() if self._waiting else None
            self._free += turn is None
        if turn:
            turn.set_result(None)


class Pool(QueuePool):
    """As many connections as there are turns, so that no thread waits for one."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.turns = Turns(self.size(), self.timeout())


@contextmanager
def connection_of(engine: Engine) -> Iterator[Connection]:
    """One of the pool; a new one is opened by a thread, since SQLAlchemy locks the first."""
    pool = cast("Pool", engine.pool)
    try:
        pool.turns.take()
    except TimeoutError:
        raise PoolTimeoutError("all connections are in use") from None
    try:
        with engine.connect() if pool.checkedin() else call(engine.connect) as connection:
            yield connection
    finally:
        pool.turns.give()
