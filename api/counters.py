"""Counting requests: in memory, or in a store that several processes share."""

import logging
import time
from collections.abc import Sequence
from threading import Lock

from limits import RateLimitItem
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from api.waiting import call

GONE = 5
"""Seconds until a store that was gone is tried again; meanwhile each process counts by itself."""
SWEEP = 60
"""Seconds after which memory is looked through for what no longer counts."""
TIMEOUTS = {"socket_timeout": 1, "socket_connect_timeout": 1}
_log = logging.getLogger(__name__)


class Memory(MemoryStorage):
    """Counts in fixed windows, and forgets those that have ended now and then.

    limits itself starts a thread to forget them with nearly each count; that took a thirtieth of
    the time that a password does.
    """

    def __init__(self) -> None:
        super().__init__()
        self._guard, self._sweep_at = Lock(), 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """How often it was counted in its window, of `expiry` seconds, with this time."""
        now = time.time()
        with self._guard:
            if now >= self._sweep_at:
                self._sweep_at = now + SWEEP
                for ended in [k for k, end in self.expirations.items() if end <= now]:
                    self.clear(ended)
            self.get(key)  # One that has ended is forgotten.
            self.expirations.setdefault(key, now + expiry)
            self.storage[key] += amount
            return self.storage[key]


class Counter:
    """Counts requests where the settings say, or in memory while that store is gone."""

    def __init__(self, storage_uri: str) -> None:
        memory = Memory()
        self._by_itself = FixedWindowRateLimiter(memory)
        self.is_shared = not storage_uri.startswith("memory:")
        self.storage = storage_from_string(storage_uri, **TIMEOUTS) if self.is_shared else memory
        self._limiter = FixedWindowRateLimiter(self.storage)
        self._gone_until = 0.0

    def wait(self, limits: Sequence[RateLimitItem], *who: str) -> float:
        """Count one more: when the last of the limits that this breaks ends, or 0."""
        if self.is_shared and time.monotonic() >= self._gone_until:
            try:
                return call(self._count_there, limits, who)
            except Exception as error:  # A store of limits must not take the service along.
                self._gone_until = time.monotonic() + GONE
                _log.warning("limits are counted in memory: %s", error)
        return self._count(self._by_itself, limits, who)

    def _count_there(self, limits: Sequence[RateLimitItem], who: Sequence[str]) -> float:
        # Many may have asked for a thread before the first of them was told that the store is gone.
        gone = time.monotonic() < self._gone_until
        return self._count(self._by_itself if gone else self._limiter, limits, who)

    @staticmethod
    def _count(
        limiter: FixedWindowRateLimiter, limits: Sequence[RateLimitItem], who: Sequence[str]
    ) -> float:
        # All of them are counted, since the one that lasts longest says how long to wait.
        broken = [limit for limit in limits if not limiter.hit(limit, *who)]
        return max((limiter.get_window_stats(limit, *who)[0] for limit in broken), default=0)
