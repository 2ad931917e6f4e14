"""Counters of rate limits, in fixed windows: in Redis, or in the memory of each process."""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, cast

from limits import RateLimitItem
from limits.storage import RedisStorage, storage_from_string

if TYPE_CHECKING:
    import redis  # `limits` imports it where it is used, because it takes long.

T = TypeVar("T")
REDIS_RETRY = 5
"""Seconds until an unavailable Redis is tried again; meanwhile each process counts in memory."""
SWEEP_INTERVAL = 60
"""Seconds between two deletions of all windows in memory that have ended."""
MAX_ENTRIES = 100_000
"""Maximum number of windows and flags in memory (about 30 MB). Then the oldest is dropped."""
TIMEOUTS = {"socket_timeout": 1, "socket_connect_timeout": 1}
_HIT = """
local counted = {}
for i, key in ipairs(KEYS) do
    local count = redis.call("INCR", key)
    if count == 1 then redis.call("EXPIRE", key, ARGV[i]) end
    counted[i] = {count, redis.call("PTTL", key)}
end
return counted
"""
"""Counts one request under each key, in one round trip, which limits' own script can't."""
_log = logging.getLogger(__name__)


class Window(NamedTuple):
    """An open window of a limit: the requests that remain, and the seconds until it ends."""

    limit: RateLimitItem
    remaining: int
    """Negative if the limit is exceeded."""
    seconds_left: float


def seconds_to_wait(windows: Sequence[Window]) -> float:
    """Return the seconds until all limits that are exceeded end, or 0."""
    return max((window.seconds_left for window in windows if window.remaining < 0), default=0.0)


class CounterStore(Protocol):
    """A store of counts by key. The window of a key begins with its first count."""

    def add(self, key: str, seconds: int, amount: int = 1) -> int:
        """Add to the count and return it. If no window is open, begin one of `seconds`."""

    def hit(self, keys: Sequence[str], seconds: Sequence[int]) -> list[tuple[int, float]]:
        """Add 1 to each count, as `add` does. Return the counts and the seconds that are left."""

    def read(self, keys: Sequence[str]) -> list[int]:
        """Return the counts and flags under the keys; 0 where there is none."""

    def seconds_left(self, key: str) -> float:
        """Return the seconds until the window ends, or 0."""

    def flag(self, key: str, value: int, seconds: int) -> None:
        """Store `value` under the key for `seconds`."""

    def clear(self, key: str) -> None:
        """Delete the count."""


class Memory:
    """Counts in memory. Windows follow the monotonic clock, which no change of the time affects.

    The `MemoryStorage` of limits follows the wall clock, and starts a thread for nearly each count.
    """

    def __init__(self) -> None:
        self.windows: dict[str, tuple[int, float]] = {}
        """The count or flag of each key, and the monotonic time at which it ends."""
        self._lock, self._sweep_at = Lock(), 0.0

    def add(self, key: str, seconds: int, amount: int = 1) -> int:
        now = time.monotonic()
        with self._lock:
            count, end = self.windows.get(key, (0, 0.0))
            if end <= now:
                count, end = 0, now + seconds
                self._prepare_entry(key, now)
            self.windows[key] = count + amount, end
        return count + amount

    def hit(self, keys: Sequence[str], seconds: Sequence[int]) -> list[tuple[int, float]]:
        counts = map(self.add, keys, seconds)
        return [(count, self.seconds_left(key)) for key, count in zip(keys, counts, strict=True)]

    def flag(self, key: str, value: int, seconds: int) -> None:
        now = time.monotonic()
        with self._lock:
            self._prepare_entry(key, now)
            self.windows[key] = value, now + seconds

    def _prepare_entry(self, key: str, now: float) -> None:
        """Remove the entry of `key`, ended entries, and the oldest one if there are too many."""
        self.windows.pop(key, None)
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_INTERVAL
            self.windows = {k: window for k, window in self.windows.items() if window[1] > now}
        if len(self.windows) >= MAX_ENTRIES:
            del self.windows[next(iter(self.windows))]

    def read(self, keys: Sequence[str]) -> list[int]:
        now = time.monotonic()
        found = [self.windows.get(key, (0, 0.0)) for key in keys]
        return [count if end > now else 0 for count, end in found]

    def seconds_left(self, key: str) -> float:
        return max(0.0, self.windows.get(key, (0, 0.0))[1] - time.monotonic())

    def clear(self, key: str) -> None:
        with self._lock:
            self.windows.pop(key, None)


class Redis:
    """Counts in Redis, which several processes share. Windows follow the clock of Redis."""

    def __init__(self, uri: str) -> None:
        self.storage = cast("RedisStorage", storage_from_string(uri, **TIMEOUTS))
        self._client: redis.Redis = self.storage.storage
        self.add = self.storage.incr
        self.clear = self.storage.clear
        self._hit = self._client.register_script(_HIT)

    def hit(self, keys: Sequence[str], seconds: Sequence[int]) -> list[tuple[int, float]]:
        found = self._hit([self.storage.prefixed_key(key) for key in keys], seconds)
        return [(count, max(0, milliseconds) / 1000) for count, milliseconds in found]

    def read(self, keys: Sequence[str]) -> list[int]:
        found = self._client.mget([self.storage.prefixed_key(key) for key in keys])
        return [int(count or 0) for count in found]

    def seconds_left(self, key: str) -> float:
        # `get_expiry` of limits returns whole seconds, by the clock of this machine.
        milliseconds = self._client.pttl(self.storage.prefixed_key(key))
        return max(0, milliseconds) / 1000

    def flag(self, key: str, value: int, seconds: int) -> None:
        self._client.set(self.storage.prefixed_key(key), value, ex=seconds)


class Counter:
    """Counts in the store of the settings, or in memory while Redis is unavailable."""

    def __init__(self, storage_uri: str) -> None:
        self._memory = Memory()
        self.is_shared = not storage_uri.startswith("memory:")
        self.store: Memory | Redis = Redis(storage_uri) if self.is_shared else self._memory
        self._retry_redis_at = 0.0

    def run(self, work: Callable[[CounterStore], T]) -> T:
        """Return `work(store)`. If Redis fails, call `work` again with the store in memory."""
        if self.is_shared and time.monotonic() >= self._retry_redis_at:
            try:
                return work(self.store)
            except Exception as error:  # An unavailable Redis must not stop the service.
                self._retry_redis_at = time.monotonic() + REDIS_RETRY
                _log.warning("limits are counted in memory: %s", error)
        return work(self._memory)

    def hit(self, limits: Sequence[RateLimitItem], *names: str) -> list[Window]:
        """Count one request for each limit, and return their windows."""
        keys = [limit.key_for(*names) for limit in limits]
        seconds = [limit.get_expiry() for limit in limits]
        counted = self.run(lambda store: store.hit(keys, seconds))
        found = zip(limits, counted, strict=True)
        return [Window(limit, limit.amount - count, left) for limit, (count, left) in found]
