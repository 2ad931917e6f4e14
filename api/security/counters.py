"""Counters of rate limits, in fixed windows: in Redis, or in the memory of each process."""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from limits import RateLimitItem
from limits.storage import RedisStorage, storage_from_string

if TYPE_CHECKING:
    import redis  # `limits` imports it where it is used, because it takes long.

T = TypeVar("T")
GONE = 5
"""Seconds until an unavailable Redis is tried again; meanwhile each process counts in memory."""
SWEEP = 60
"""Seconds after which memory is searched for windows that have ended."""
MOST = 100_000
"""Windows and flags kept in memory, about 30 MB; after that, the oldest are dropped."""
TIMEOUTS = {"socket_timeout": 1, "socket_connect_timeout": 1}
_log = logging.getLogger(__name__)


class Store(Protocol):
    """Where counts are kept. A window begins with its first count."""

    def add(self, key: str, seconds: int, amount: int = 1) -> int:
        """Add to the count of the window, of `seconds` if it begins now, and return the count."""

    def read(self, keys: Sequence[str]) -> list[int]:
        """Return the counts and flags under the keys; 0 where there is none."""

    def seconds_left(self, key: str) -> float:
        """Return the seconds until the window ends, or 0."""

    def flag(self, key: str, value: int, seconds: int) -> None:
        """Keep `value` for so many seconds from now."""

    def clear(self, key: str) -> None:
        """Forget the count."""


class Memory:
    """Counts in memory, by the monotonic clock, so that a changed wall clock changes no window.

    limits' own memory counts by the wall clock, and starts a thread with nearly each count.
    """

    def __init__(self) -> None:
        self.windows: dict[str, tuple[int, float]] = {}
        """The count or flag under each key, and when it ends."""
        self._guard, self._sweep_at = Lock(), 0.0

    def add(self, key: str, seconds: int, amount: int = 1) -> int:
        now = time.monotonic()
        with self._guard:
            count, end = self.windows.get(key, (0, 0.0))
            if end <= now:
                count, end = 0, now + seconds
                self._make_room(key, now)
            self.windows[key] = count + amount, end
        return count + amount

    def flag(self, key: str, value: int, seconds: int) -> None:
        now = time.monotonic()
        with self._guard:
            self._make_room(key, now)
            self.windows[key] = value, now + seconds

    def _make_room(self, key: str, now: float) -> None:
        """Let `key` become the newest, and drop what has ended, and the oldest of too many."""
        self.windows.pop(key, None)
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP
            self.windows = {k: window for k, window in self.windows.items() if window[1] > now}
        if len(self.windows) >= MOST:
            del self.windows[next(iter(self.windows))]

    def read(self, keys: Sequence[str]) -> list[int]:
        now = time.monotonic()
        found = [self.windows.get(key, (0, 0.0)) for key in keys]
        return [count if end > now else 0 for count, end in found]

    def seconds_left(self, key: str) -> float:
        return max(0.0, self.windows.get(key, (0, 0.0))[1] - time.monotonic())

    def clear(self, key: str) -> None:
        with self._guard:
            self.windows.pop(key, None)


class Redis:
    """Counts in a Redis that several processes share, by that Redis's clock."""

    def __init__(self, uri: str) -> None:
        self.storage = cast("RedisStorage", storage_from_string(uri, **TIMEOUTS))
        self._client: redis.Redis = self.storage.storage
        self.add = self.storage.incr
        self.clear = self.storage.clear

    def read(self, keys: Sequence[str]) -> list[int]:
        found = self._client.mget([self.storage.prefixed_key(key) for key in keys])
        return [int(count or 0) for count in found]

    def seconds_left(self, key: str) -> float:
        # limits' own answer is in whole seconds of the wall clock of this machine.
        milliseconds = self._client.pttl(self.storage.prefixed_key(key))
        return max(0, milliseconds) / 1000

    def flag(self, key: str, value: int, seconds: int) -> None:
        self._client.set(self.storage.prefixed_key(key), value, ex=seconds)


class Counter:
    """Counts where the settings say, or in memory while Redis is unavailable."""

    def __init__(self, storage_uri: str) -> None:
        self._memory = Memory()
        self.is_shared = not storage_uri.startswith("memory:")
        self.store: Memory | Redis = Redis(storage_uri) if self.is_shared else self._memory
        self._gone_until = 0.0

    def run(self, work: Callable[[Store], T]) -> T:
        """Return what `work` does with the store. If Redis fails, it is done again in memory."""
        if self.is_shared and time.monotonic() >= self._gone_until:
            try:
                return work(self.store)
            except Exception as error:  # An unavailable Redis must not stop the service.
                self._gone_until = time.monotonic() + GONE
                _log.warning("limits are counted in memory: %s", error)
        return work(self._memory)

    def wait(self, limits: Sequence[RateLimitItem], *names: str) -> float:
        """Count one request, and return the seconds until all limits that it exceeds end, or 0."""

        def count(store: Store) -> float:
            # All limits are counted, because the one that lasts longest says how long to wait.
            keys = [(limit, limit.key_for(*names)) for limit in limits]
            over = [k for limit, k in keys if store.add(k, limit.get_expiry()) > limit.amount]
            return max(map(store.seconds_left, over), default=0.0)

        return self.run(count)
