"""How much one client may ask: Flask-Limiter, by client address."""

import time
from contextlib import suppress

from flask import Flask, Response
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import HTTPException, TooManyRequests

from api import errors
from api.config import Settings
from api.operations import Operation, current_operation


def _hashes_a_password(operation: Operation | None) -> bool:
    """Whether the request is a sign-up with a password, or has credentials to be checked."""
    if operation and operation.credentials:
        return operation.credentials.given()
    if operation and operation.body and "password" in operation.body.schema.fields:
        with suppress(HTTPException):  # It will be refused, unhashed.
            return "password" in dict(operation.body.read().content)
    return False


def limit_requests(app: Flask, settings: Settings) -> None:
    """Limit password work, and whatever else the settings say."""
    passwords = ApplicationLimit(
        settings.ratelimit_passwords, exempt_when=lambda: not _hashes_a_password(current_operation())
    )
    limiter = Limiter(
        get_remote_address,
        app=app,
        enabled=settings.ratelimit_enabled,
        storage_uri=settings.ratelimit_storage_uri,
        storage_options={"socket_timeout": 1, "socket_connect_timeout": 1},
        # A store of limits that is gone must not take the service along.
        in_memory_fallback_enabled=True,
        # All of them are looked at, since the one that lasts longest says how long to wait.
        fail_on_first_breach=False,
        # An empty one limits nothing.
        application_limits=[passwords],
        default_limits=[settings.ratelimit_default],
    )

    @limiter.request_filter
    def is_free() -> bool:
        """Whether the request is none of the document's (health, the docs, OPTIONS), or unlimited.

        Asked first, since to look for limits takes Flask-Limiter a fifth of a request's time.
        """
        operation = current_operation()
        return not (
            operation
            and operation.documented
            and (settings.ratelimit_default or _hashes_a_password(operation))
        )

    @app.errorhandler(RateLimitExceeded)
    def too_many(_: RateLimitExceeded) -> Response:
        until = max(limit.reset_at for limit in limiter.current_limits if limit.breached)
        return errors.answer(TooManyRequests(retry_after=max(1, until - int(time.time()))))
