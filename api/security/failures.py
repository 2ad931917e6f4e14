"""Rate limits of failed password checks, per account (NIST SP 800-63B-4, section 3.2.2).

An address from which an account was signed in to recently has a limit of its own, so that failures
from other addresses can't lock the account's owner out. All other addresses share one limit. Once
that is exceeded, each site may still fail once per window, so that the owner can sign in from a
new address too. docs/password-guessing.md has the arithmetic.
"""

import json
import time
from collections.abc import Callable
from hashlib import sha256
from typing import NoReturn

from limits import RateLimitItem, parse_many

from api.security.addresses import bucket, site
from api.security.counters import Counter, CounterStore

KNOWN_DAYS = 30
"""Days for which an address is known after a sign-in."""
_DAY = 24 * 60 * 60


def _digest(username: str, *address: str) -> str:
    """Return a digest of a username, and of an address if given, for the keys of the store."""
    named = json.dumps([username.lower(), *address])
    return sha256(named.encode()).hexdigest()[:32]


class FailureLimiter:
    """Limits failed password checks. `refuse(seconds)` raises a 429 with that `Retry-After`.

    Unknown usernames are limited like accounts, so that responses don't reveal which exist.
    """

    def __init__(self, limits: str, counter: Counter, refuse: Callable[[float], NoReturn]) -> None:
        self.limits, self.counter, self.refuse = parse_many(limits), counter, refuse

    def attempt(self, username: str, address: str, *, signs_in: bool) -> "Attempt":
        """Return an attempt to sign in to the account, from that normalised address."""
        return Attempt(self, username, address, signs_in=signs_in)


class Attempt:
    """One check of a password. If `signs_in`, success makes the address known for the account."""

    def __init__(
        self, limiter: FailureLimiter, username: str, address: str, *, signs_in: bool
    ) -> None:
        self.limiter = limiter
        self._remembers = signs_in and bool(address)
        own = _digest(username, bucket(address))
        self._known = f"known/{own}"
        self._of_address = self._keys("failures", own)
        self._of_unknown = self._keys("failures", _digest(username))
        self._of_site = self._keys("failures", _digest(username, "site", site(address)))

    def _keys(self, *names: str) -> dict[str, RateLimitItem]:
        return {limit.key_for(*names): limit for limit in self.limiter.limits}

    def seconds_left(self) -> float:
        """Return the seconds until the next check is allowed, or 0."""
        return self.limiter.counter.run(self._seconds_left)

    def check(self, verify: Callable[[], bool]) -> bool:
        """Return `verify()`, and count a failure. Refuses a check that the limits no longer allow.

        Call this while holding a hashing slot, so that simultaneous checks are counted one by one.
        """
        if seconds := self.seconds_left():
            self.limiter.refuse(seconds)
        succeeded = verify()
        if not succeeded:
            self.limiter.counter.run(self._fail)
        elif self._remembers:
            self.limiter.counter.run(self._succeed)
        return succeeded

    def _seconds_left(self, store: CounterStore) -> float:
        counts = self._read(store)
        if counts[self._known]:
            ends = [k for k, limit in self._of_address.items() if counts[k] >= limit.amount]
        else:
            windows = zip(self._of_unknown.items(), self._of_site, strict=True)
            ends = [s for (k, limit), s in windows if counts[k] >= limit.amount and counts[s]]
        return max(map(store.seconds_left, ends), default=0.0)

    def _read(self, store: CounterStore) -> dict[str, int]:
        keys = [self._known, *self._of_address, *self._of_unknown, *self._of_site]
        return dict(zip(keys, store.read(keys), strict=True))

    def _fail(self, store: CounterStore) -> None:
        (is_known,) = store.read([self._known])
        counted = self._of_address if is_known else self._of_unknown | self._of_site
        for key, limit in counted.items():
            store.add(key, limit.get_expiry())

    def _succeed(self, store: CounterStore) -> None:
        """Delete the failures of this address, or of its site, and make the address known.

        The flag is renewed once a day, so that most sign-ins write nothing.
        """
        counts = self._read(store)
        for key in self._of_address:
            if counts[key]:
                store.clear(key)
        if not counts[self._known]:
            for (key, limit), of_site in zip(self._of_unknown.items(), self._of_site, strict=True):
                if counts[of_site]:
                    store.clear(of_site)
                    if store.add(key, limit.get_expiry(), -counts[of_site]) < 0:
                        store.clear(key)  # The window had ended meanwhile.
        today = 1 + int(time.time()) // _DAY
        if counts[self._known] != today:
            store.flag(self._known, today, (KNOWN_DAYS + 1) * _DAY)
