"""Password hashing with Argon2id, of a limited number of passwords at once."""

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
"""Calls the check that it gets and returns the result, or raises instead."""


class Busy(Exception):
    """All hashing slots were in use until the timeout.

    `retry_after` is the number of seconds that all queued hashes will take, at least 1.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


def prepare(password: str) -> str:
    """Return the normalized password (RFC 8265, OpaqueString): spaces become U+0020, then NFC."""
    if password.isascii():
        return password  # ASCII has no other spaces, and is in NFC.
    spaces = (" " if unicodedata.category(c) == "Zs" else c for c in password)
    return unicodedata.normalize("NFC", "".join(spaces))


class Passwords:
    """Argon2id hashes with at least OWASP's 19 MiB, t=2, p=1.

    At most `slots` hashes are computed at once. Other requests wait in arrival order, each for
    `timeout` seconds at most. The queue has no maximum length, because a queued request holds
    nothing but its connection.
    """

    def __init__(
        self, slots: int, hasher: PasswordHasher | None = None, timeout: float = 5
    ) -> None:
        self.hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        self._number, self._timeout = slots, timeout
        self._slots = FairSemaphore(slots)
        # Kept threads allocate their 19 MiB once, and not for every hash.
        self._threads = NativeThreads(slots)
        self._seconds = 0.0
        # Passwords of unknown usernames are checked against this hash, so that they take as long.
        self._dummy_hash = self._timed(self.hasher.hash, "an unknown username")

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
        """Return the number of queued requests, and the number of hashes in progress."""
        return self._slots.waiting, self._number - self._slots.free

    def hash(self, password: str) -> str:
        """Return the encoded hash. Raises `Busy`."""
        prepared = prepare(password)
        return self._in_slot(lambda: self._hash(self.hasher.hash, prepared))

    def verify(self, encoded: str | None, password: str, guard: Guard | None = None) -> bool:
        """Return whether the hash is of the password; False without a hash, in the same time.

        The `guard` is called once a slot is acquired. Raises `Busy`, and what the guard raises.
        """
        prepared = prepare(password)

        def check() -> bool:
            with suppress(VerificationError, InvalidHashError):
                self._hash(self.hasher.verify, encoded or self._dummy_hash, prepared)
                return bool(encoded)
            return False

        return self._in_slot(lambda: guard(check) if guard else check())

    def outdated(self, encoded: str) -> bool:
        """Return whether the hash was made with other parameters than the current ones."""
        return self.hasher.check_needs_rehash(encoded)


passwords = cast("Passwords", LocalProxy(lambda: current_app.extensions["passwords"]))
