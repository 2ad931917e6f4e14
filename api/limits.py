"""How much one client may ask, by its address."""

import math
import time
from contextlib import suppress

from blinker import Signal
from flask import Flask, Response, request
from limits import parse_many
from werkzeug.exceptions import HTTPException, TooManyRequests

from api.config import Settings
from api.counters import Counter
from api.operations import Operation, current_operation

LIMITED = Signal()
"""Sent by the app that turns a request away, with the `limit` that it was: default, passwords."""


def hashes_a_password(operation: Operation) -> bool:
    """Whether the request is a sign-up with a password, or has credentials to be checked."""
    if operation.credentials:
        return operation.credentials.given()
    if operation.body and "password" in operation.body.schema.fields:
        with suppress(HTTPException):  # It will be refused, unhashed.
            return any(name == "password" for name, _ in operation.body.read().content)
    return False


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
    app.extensions["limits"] = counter = Counter(settings.ratelimit_storage_uri)
    rounding = 0.5 if counter.is_shared else 0  # Redis says when in whole seconds, rounded.
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
