"""Argon2id: hash and verify passwords, only so many at once."""

import math
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias, TypeVar, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app, g, has_app_context
from werkzeug.local import LocalProxy

from api.security.fair_semaphore import FairSemaphore
from api.threads import NativeThreads

T = TypeVar("T")
Guard: TypeAlias = Callable[[Callable[[], bool]], bool]
"""Is called in place of a check, with the check, and returns its result."""


class Busy(Exception):
    """A request waited for its hash until the timeout.

    `retry_after`: the seconds that the hashes of all other requests will take, at least 1.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


def prepare(password: str) -> str:
    """The password as it is compared (RFC 8265, OpaqueString): any space is a space, then NFC."""
    if password.isascii():
        return password  # Nearly all are, and it has no other spaces, nor other forms.
    spaces = (" " if unicodedata.category(c) == "Zs" else c for c in password)
    return unicodedata.normalize("NFC", "".join(spaces))


class Passwords:
    """Argon2id hashes with at least OWASP's 19 MiB, t=2, p=1.

    At most `slots` hashes are computed at once. Other requests wait in arrival order, each for
    `timeout` seconds at most. Their number isn't limited, because a request that waits holds
    nothing but its connection.
    """

    def __init__(
        self, slots: int, hasher: PasswordHasher | None = None, timeout: float = 5
    ) -> None:
        self.hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._number, self._timeout = slots, timeout
        self._slots = FairSemaphore(slots)
        # Threads that are kept, so that each allocates its 19 MiB once and not for every hash.
        self._threads = NativeThreads(slots)
        self._seconds = 0.0
        # An unknown user's password is checked against this hash, so that it takes as long.
        self._nobody = self._timed(self.hasher.hash, "nobody has this password")

    def _timed(self, work: Callable[..., T], *arguments: str) -> T:
        """Call `work`, and remember how many seconds it took."""
        began = time.monotonic()
        try:
            return work(*arguments)
        finally:
            self._seconds = time.monotonic() - began

    def _hash(self, work: Callable[..., T], *arguments: str) -> T:
        """Call `work`, which computes a hash, in a native thread."""
        return self._threads.call(self._timed, work, *arguments)

    def _in_slot(self, work: Callable[[], T]) -> T:
        """Call `work` once a slot is free. Raises `Busy`.

        A request's second hash goes to the head of the queue, so that a request queues only once.
        """
        try:
            self._slots.acquire(self._timeout, first=has_app_context() and "has_queued" in g)
        except TimeoutError:
            seconds = sum(self.load()) * self._seconds / self._number
            raise Busy(max(1, math.ceil(seconds))) from None
        try:
            if has_app_context():
                g.has_queued = True
            return work()
        finally:
            self._slots.release()

    def load(self) -> tuple[int, int]:
        """The number of requests that wait, and the number of hashes that are computed now."""
        return self._slots.waiting, self._number - self._slots.free

    def hash(self, password: str) -> str:
        """The encoded hash. Raises `Busy`."""
        prepared = prepare(password)
        return self._in_slot(lambda: self._hash(self.hasher.hash, prepared))

    def verify(self, encoded: str | None, password: str, guard: Guard | None = None) -> bool:
        """Return whether the hash is the password's; without a hash False, in the same time.

        The `guard` is called once a slot is free: it may call the check that it gets, or raise.
        Raises `Busy`, and what the guard raises.
        """
        prepared = prepare(password)

        def check() -> bool:
            with suppress(VerificationError, InvalidHashError):
                self._hash(self.hasher.verify, encoded or self._nobody, prepared)
                return bool(encoded)
            return False

        return self._in_slot(lambda: guard(check) if guard else check())

    def outdated(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self.hasher.check_needs_rehash(encoded)


passwords = cast("Passwords", LocalProxy(lambda: current_app.extensions["passwords"]))
