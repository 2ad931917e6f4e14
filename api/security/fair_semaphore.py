"""A semaphore that is acquired in arrival order, for greenlets and for threads."""

import time
from collections import deque
from concurrent.futures import Future
from threading import Lock

from api.threads import wait_for


class FairSemaphore:
    """A semaphore whose waiters acquire in arrival order and time out.

    No timer runs. A waiter whose timeout has expired raises when it is resumed, and passes the
    semaphore on. So if every holder releases within `t` seconds, a waiter raises at most `t`
    seconds after its timeout.
    """

    def __init__(self, value: int) -> None:
        self._free = value
        self._waiters: deque[Future[None]] = deque()
        self._lock = Lock()

    @property
    def waiting(self) -> int:
        """The number of waiters."""
        return len(self._waiters)

    @property
    def free(self) -> int:
        """How often it can be acquired without waiting."""
        return self._free

    def acquire(self, timeout: float, *, first: bool = False) -> None:
        """Acquire, or wait at the end of the queue (at its head if `first`).

        Raises `TimeoutError` after `timeout` seconds in the queue.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            if self._free:
                self._free -= 1
                return
            waiter: Future[None] = Future()
            (self._waiters.appendleft if first else self._waiters.append)(waiter)
        wait_for(waiter)
        if time.monotonic() > deadline:
            self.release()
            raise TimeoutError

    def release(self) -> None:
        """Let the first waiter acquire, or the next caller if nothing waits."""
        with self._lock:
            waiter = self._waiters.popleft() if self._waiters else None
            self._free += waiter is None
        if waiter:
            waiter.set_result(None)
