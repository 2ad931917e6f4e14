"""Turns at what few can have at once: those who find none wait, without a thread to do so."""

import time
from collections import deque
from concurrent.futures import Future
from threading import Lock

from api.waiting import wait_for


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
