"""Argon2id: hashing and checking passwords, no more of it at once than the machine can do."""

import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import BoundedSemaphore
from typing import TypeAlias, TypeVar, cast

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app
from werkzeug.local import LocalProxy

from api.waiting import wait_for

T = TypeVar("T")
Guard: TypeAlias = Callable[[Callable[[], bool]], bool]
"""Is called in place of a check, with the check, and returns its result."""
WAITING = 15
"""How many may wait for each that hashes, at most. At 20 ms a hash that is a third of a second."""


class Busy(Exception):
    """More hashing is asked for than may wait."""


def prepare(password: str) -> str:
    """The password as it is compared (RFC 8265, OpaqueString): any space is a space, then NFC."""
    if password.isascii():
        return password  # Nearly all are, and it has no other spaces, nor other forms.
    spaces = (" " if unicodedata.category(c) == "Zs" else c for c in password)
    return unicodedata.normalize("NFC", "".join(spaces))


class Passwords:
    """Hashes with at least OWASP's 19 MiB, t=2, p=1.

    `slots` bounds how many at once; of `threads` that serve, at least half never wait for one.
    """

    def __init__(
        self, slots: int, hasher: PasswordHasher | None = None, threads: int = 1024
    ) -> None:
        self.hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
        # Threads of its own: the 19 MiB are asked of the system once for each, not for each hash.
        self._hashing = ThreadPoolExecutor(slots)
        self._slots, self._most = slots, min(slots * (1 + WAITING), threads // 2)
        self._admitted = BoundedSemaphore(self._most)
        # What an unknown user's password is checked against, so that it takes as long.
        self._nobody = self.hasher.hash("nobody has this password")

    def _in_slot(self, work: Callable[..., T], *arguments: str) -> T:
        """What `work` returns, once there is a slot for it. Raises `Busy`."""
        if not self._admitted.acquire(blocking=False):
            raise Busy
        try:
            return wait_for(self._hashing.submit(work, *arguments))
        finally:
            self._admitted.release()

    def load(self) -> tuple[int, int]:
        """How many wait, and how many are hashed."""
        admitted = self._most - self._admitted._value
        running = min(admitted, self._slots)
        return admitted - running, running

    def hash(self, password: str) -> str:
        """The encoded hash. Raises `Busy`."""
        return self._in_slot(self.hasher.hash, prepare(password))

    def verify(self, encoded: str | None, password: str, guard: Guard | None = None) -> bool:
        """Return whether the hash is the password's; without a hash False, in the same time.

        The `guard` is called once a slot is free: it may call the check that it gets, or raise.
        Raises `Busy`, and what the guard raises.
        """
        prepared = prepare(password)

        def check() -> bool:
            with suppress(VerificationError, InvalidHashError):
                self.hasher.verify(encoded or self._nobody, prepared)
                return bool(encoded)
            return False

        return self._in_slot(partial(guard, check) if guard else check)

    def outdated(self, encoded: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self.hasher.check_needs_rehash(encoded)


passwords = cast("Passwords", LocalProxy(lambda: current_app.extensions["passwords"]))
