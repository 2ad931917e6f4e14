"""Rate limits of failed password checks, per account (NIST SP 800-63B-4, section 3.2.2).

An address from which an account was signed in to lately has a limit of its own, so that failures
from other addresses can't lock the account's owner out. All other addresses share one limit. Once
that is used up, each site still has one failure per window, so that the owner can sign in from a
new address too. docs/password-guessing.md has the arithmetic.
"""

import json
import time
from collections.abc import Callable
from hashlib import sha256
from typing import NoReturn

from limits import RateLimitItem, parse_many

from api.security.addresses import bucket, site
from api.security.counters import Counter, Store

KNOWN_DAYS = 30
"""Days for which an address is known after a sign-in."""
_DAY = 24 * 60 * 60


def _digest(username: str, *address: str) -> str:
    """Return what stands for an account, and an address, in the store's keys."""
    named = json.dumps([username.lower(), *address])
    return sha256(named.encode()).hexdigest()[:32]


class FailureLimiter:
    """Limits failed checks by `limits`; `refuse` raises a 429 for that number of seconds.

    An unknown username counts as an account does, so that both get equal responses.
    """

    def __init__(self, limits: str, counter: Counter, refuse: Callable[[float], NoReturn]) -> None:
        self.limits, self.counter, self.refuse = parse_many(limits), counter, refuse

    def attempt(self, username: str, address: str, *, signs_in: bool) -> "Attempt":
        """Return a check of a password for that account, from that normalised address."""
        return Attempt(self, username, address, signs_in=signs_in)


class Attempt:
    """One check of a password. If it `signs_in`, success makes the address known."""

    def __init__(
        self, limiter: FailureLimiter, username: str, address: str, *, signs_in: bool
    ) -> None:
        self.limiter = limiter
        self._learns = signs_in and bool(address)
        own = _digest(username, bucket(address))
        self._known = f"known/{own}"
        self._of_address = self._keys("failures", own)
        self._of_strangers = self._keys("failures", _digest(username))
        self._of_site = self._keys("failures", _digest(username, "site", site(address)))

    def _keys(self, *names: str) -> dict[str, RateLimitItem]:
        return {limit.key_for(*names): limit for limit in self.limiter.limits}

    def wait(self) -> float:
        """Return the seconds until the next check is allowed, or 0."""
        return self.limiter.counter.run(self._wait)

    def check(self, verify: Callable[[], bool]) -> bool:
        """Return `verify()`, and count it if it fails. Refuses a check that isn't allowed any more.

        Call it in the slot for hashing: then checks that arrive at once are counted one by one.
        """
        if seconds := self.wait():
            self.limiter.refuse(seconds)
        succeeded = verify()
        if not succeeded:
            self.limiter.counter.run(self._fail)
        elif self._learns:
            self.limiter.counter.run(self._succeed)
        return succeeded

    def _wait(self, store: Store) -> float:
        counts = self._read(store)
        if counts[self._known]:
            ends = [k for k, limit in self._of_address.items() if counts[k] >= limit.amount]
        else:
            all_three = zip(self._of_strangers.items(), self._of_site, strict=True)
            ends = [s for (k, limit), s in all_three if counts[k] >= limit.amount and counts[s]]
        return max(map(store.seconds_left, ends), default=0.0)

    def _read(self, store: Store) -> dict[str, int]:
        keys = [self._known, *self._of_address, *self._of_strangers, *self._of_site]
        return dict(zip(keys, store.read(keys), strict=True))

    def _fail(self, store: Store) -> None:
        (is_known,) = store.read([self._known])
        counted = self._of_address if is_known else self._of_strangers | self._of_site
        for key, limit in counted.items():
            store.add(key, limit.get_expiry())

    def _succeed(self, store: Store) -> None:
        """Forget the failures from this address, or from its site, and know the address from now.

        The flag is renewed once a day, so that most sign-ins write nothing.
        """
        counts = self._read(store)
        for key in self._of_address:
            if counts[key]:
                store.clear(key)
        if not counts[self._known]:
            for (key, limit), of_site in zip(
                self._of_strangers.items(), self._of_site, strict=True
            ):
                if counts[of_site]:
                    store.clear(of_site)
                    if store.add(key, limit.get_expiry(), -counts[of_site]) < 0:
                        store.clear(key)  # The window had ended meanwhile.
        today = 1 + int(time.time()) // _DAY
        if counts[self._known] != today:
            store.flag(self._known, today, (KNOWN_DAYS + 1) * _DAY)
