"""How much one client may ask, by its address."""

import logging
import math
import time
from collections.abc import Sequence
from contextlib import suppress

from blinker import Signal
from flask import Flask, Response, request
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import HTTPException, TooManyRequests

from api.config import Settings
from api.operations import Operation, current_operation
from api.waiting import call

GONE = 5
"""Seconds until a store that was gone is tried again; meanwhile each process counts by itself."""
LIMITED = Signal()
"""Sent by the app that turns a request away, with the `limit` that it was: default, passwords."""
_log = logging.getLogger(__name__)


def hashes_a_password(operation: Operation) -> bool:
    """Whether the request is a sign-up with a password, or has credentials to be checked."""
    if operation.credentials:
        return operation.credentials.given()
    if operation.body and "password" in operation.body.schema.fields:
        with suppress(HTTPException):  # It will be refused, unhashed.
            return any(name == "password" for name, _ in operation.body.read().content)
    return False


class Counter:
    """Counts requests where the settings say, or in memory while that store is gone."""

    def __init__(self, storage_uri: str) -> None:
        options = {"socket_timeout": 1, "socket_connect_timeout": 1}
        in_memory = storage_uri.startswith("memory:")
        self.storage = storage_from_string(storage_uri, **({} if in_memory else options))
        self._limiter = FixedWindowRateLimiter(self.storage)
        self._by_itself = FixedWindowRateLimiter(MemoryStorage())
        self._gone_until = 0.0

    def wait(self, limits: Sequence[RateLimitItem], *who: str) -> float:
        """Count one more: when the last of the limits that this breaks ends, or 0."""
        if time.monotonic() >= self._gone_until:
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


class Seekers:
    """Who was told so often that a username is taken that they may be looking for accounts.

    It is counted once it was told, so that whoever isn't told it costs nothing, and waits for none.
    """

    def __init__(self, limits: str, counter: Counter) -> None:
        # The last that is allowed breaks them: so it is known by the time that the next one comes.
        self._limits = [type(item)(item.amount - 1, item.multiples) for item in parse_many(limits)]
        self._counter = counter
        self.ends: dict[str, float] = {}

    def until(self, client: str) -> float:
        """When the client may ask again, or 0."""
        end = self.ends.get(client, 0)
        return end if end > time.time() else 0

    def note(self, response: Response) -> Response:
        if response.status_code == 409:
            client = request.remote_addr or ""
            if until := self._counter.wait(self._limits, client, "taken"):
                now = time.time()
                self.ends = {c: end for c, end in self.ends.items() if end > now}
                self.ends[client] = until
        return response


def limit_requests(app: Flask, settings: Settings) -> None:
    """Limit password work, the search for accounts, and whatever else the settings say.

    Health, the docs and OPTIONS are free: they are none of the document's operations.
    """
    if not settings.ratelimit_enabled:
        return
    # Redis says when in whole seconds, rounded.
    rounding = 0 if settings.ratelimit_storage_uri.startswith("memory:") else 0.5
    app.extensions["limits"] = counter = Counter(settings.ratelimit_storage_uri)
    by_default = parse_many(settings.ratelimit_default) if settings.ratelimit_default else []
    passwords = parse_many(settings.ratelimit_passwords) if settings.ratelimit_passwords else []
    seekers = Seekers(settings.ratelimit_taken, counter) if settings.ratelimit_taken else None
    if seekers:
        app.after_request(seekers.note)

    @app.before_request
    def limit() -> None:
        operation = current_operation()
        if operation is None or not operation.documented:
            return
        client, until, limited = request.remote_addr or "", 0.0, "default"
        if by_default:
            until = counter.wait(by_default, client, operation.__name__)
        if passwords and hashes_a_password(operation):
            longer = counter.wait(passwords, client)
            until, limited = (longer, "passwords") if longer > until else (until, limited)
        if seekers and 409 in operation.replies:
            longer = seekers.until(client)
            until, limited = (longer, "taken") if longer > until else (until, limited)
        if until:
            LIMITED.send(app, limit=limited)
            raise TooManyRequests(retry_after=max(1, math.ceil(until - time.time() + rounding)))
