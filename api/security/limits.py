"""Rate limits per client address, and of failed password checks per account."""

import math
import time
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from blinker import Signal
from flask import Flask, Response, after_this_request, g, request
from flask.globals import request_ctx
from limits import parse_many
from werkzeug.exceptions import HTTPException, TooManyRequests

from api.config import Settings
from api.contract import Operation, current_operation
from api.security.addresses import bucket
from api.security.browsers import SIGN_UP_PATH
from api.security.counters import Counter, Window, seconds_to_wait
from api.security.credentials import given_username
from api.security.failures import Attempt, FailureLimiter
from api.security.quotas import tell_quotas

LIMITED = Signal()
"""Sent for each refused request. `limit` is "default", "passwords", "taken" or "failures"."""


def _password_form(operation: Operation) -> dict[str, Any]:
    """Return the form of a sign-up with a password, not validated; nothing for other requests."""
    if operation.body and "password" in operation.body.schema.fields:
        with suppress(HTTPException):  # The request will be refused without hashing.
            form = dict(operation.body.read().content)
            return form if "password" in form else {}
    return {}


def hashes_a_password(operation: Operation) -> bool:
    """Return whether the request is a sign-up with a password, or has credentials to be checked."""
    if operation.credentials:
        return operation.credentials.given()
    return bool(_password_form(operation))


def _attempt(failures: FailureLimiter, operation: Operation, address: str) -> Attempt | None:
    """Return the attempt to sign in that the request makes, if any.

    A sign-up with an Idempotency-Key is one, because its password is compared with the stored hash.
    """
    if operation.credentials:
        username = given_username()
        return None if username is None else failures.attempt(username, address, signs_in=True)
    if "HTTP_IDEMPOTENCY_KEY" in request.environ:
        username = _password_form(operation).get("username")
        if isinstance(username, str):  # Any other username is refused without a check.
            return failures.attempt(username, address, signs_in=False)
    return None


class EnumerationLimiter:
    """Limits how many "username taken" responses a client gets, before its sign-ups get 429.

    Only these responses are counted, so that other sign-ups don't access the store.
    """

    def __init__(self, limits: str, counter: Counter) -> None:
        # One less, so that counting the last allowed response begins the refusal of sign-ups.
        self._limits = [type(item)(item.amount - 1, item.multiples) for item in parse_many(limits)]
        self._counter = counter
        self.ends: dict[str, float] = {}
        """The monotonic time until which the sign-ups of each client are refused."""

    def seconds_left(self, client: str) -> float:
        """Return the seconds until the client may sign up again, or 0."""
        return max(0.0, self.ends[client] - time.monotonic()) if client in self.ends else 0.0

    def count(self, response: Response) -> Response:
        if response.status_code == 409 and g.get("username_taken"):
            client = bucket(request.remote_addr or "")
            if seconds := seconds_to_wait(self._counter.hit(self._limits, client, "taken")):
                now = time.monotonic()
                self.ends = {c: end for c, end in self.ends.items() if end > now}
                self.ends[client] = now + seconds
        return response


def limit_requests(app: Flask, settings: Settings) -> None:
    """Refuse requests over the limits of the settings with 429 and a `Retry-After`.

    Only operations of the document are limited: health, the docs and OPTIONS are not.
    """
    if not settings.ratelimit_enabled:
        return
    app.extensions["limits"] = counter = Counter(settings.ratelimit_storage_uri)

    def refuse(limit: str, seconds: float) -> NoReturn:
        LIMITED.send(app, limit=limit)
        raise TooManyRequests(retry_after=max(1, math.ceil(seconds)))

    default = parse_many(settings.ratelimit_default) if settings.ratelimit_default else []
    passwords = parse_many(settings.ratelimit_passwords) if settings.ratelimit_passwords else []
    taken = (
        EnumerationLimiter(settings.ratelimit_taken, counter) if settings.ratelimit_taken else None
    )
    if taken:
        app.after_request(taken.count)
    refuse_failures = partial(refuse, "failures")
    failures = (
        FailureLimiter(settings.ratelimit_failures, counter, refuse_failures)
        if settings.ratelimit_failures
        else None
    )

    @app.before_request
    def limit() -> None:
        operation = current_operation()
        if operation is None or not operation.documented:
            return
        # `request` is a proxy: each access would take as long as all the rest of this function.
        address = request_ctx.request.environ.get("REMOTE_ADDR", "")
        client, waits = bucket(address), []
        counted: dict[str, list[Window]] = {}
        if default:
            counted["default"] = counter.hit(default, client, operation.__name__)
        if taken and request_ctx.request.environ["PATH_INFO"] == SIGN_UP_PATH:
            waits.append((taken.seconds_left(client), "taken"))
        if hashes_a_password(operation):
            if passwords:
                counted["passwords"] = counter.hit(passwords, client)
            if failures and (attempt := _attempt(failures, operation, address)):
                waits.append((attempt.seconds_left(), "failures"))
                g.guard = attempt.check
        if counted:
            after_this_request(partial(tell_quotas, counted=counted))
            waits += [(seconds_to_wait(windows), limit) for limit, windows in counted.items()]
        seconds, longest = max(waits, default=(0, ""))
        if seconds:
            refuse(longest, seconds)
