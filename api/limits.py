"""How much one client may ask: Flask-Limiter, by client address."""

import time
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any

from flask import Flask, Response
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import HTTPException, TooManyRequests

from api import errors
from api.config import Settings
from api.operations import Operation, current_operation
from api.waiting import call


def _hashes_a_password(operation: Operation | None) -> bool:
    """Whether the request is a sign-up with a password, or has credentials to be checked."""
    if operation and operation.credentials:
        return operation.credentials.given()
    if operation and operation.body and "password" in operation.body.schema.fields:
        with suppress(HTTPException):  # It will be refused, unhashed.
            return "password" in dict(operation.body.read().content)
    return False


class _Limiter(Limiter):
    for_all = False

    def _check_request_limit(self, *arguments: Any, **more: Any) -> None:
        """What Flask-Limiter does before each request, where a limit applies.

        Else it would take a fifth of the request's time to find none. A store elsewhere may take
        its time too, or be gone.
        """
        operation = current_operation()
        # Health, the docs and OPTIONS never are: they are none of the document's operations.
        documented = operation is not None and operation.documented
        if documented and (self.for_all or _hashes_a_password(operation)):
            check = partial(super()._check_request_limit, *arguments, **more)
            call(copy_context().run, check)


def limit_requests(app: Flask, settings: Settings) -> None:
    """Limit password work, and whatever else the settings say."""
    passwords = ApplicationLimit(
        settings.ratelimit_passwords,
        exempt_when=lambda: not _hashes_a_password(current_operation()),
    )
    limiter = _Limiter(
        get_remote_address,
        app=app,
        enabled=settings.ratelimit_enabled,
        storage_uri=settings.ratelimit_storage_uri,
        storage_options={"socket_timeout": 1, "socket_connect_timeout": 1},
        # A store of limits that is gone must not take the service along.
        in_memory_fallback_enabled=True,
        # All of them are looked at, since the one that lasts longest says how long to wait.
        fail_on_first_breach=False,
        application_limits=[passwords],
        # An empty one limits nothing.
        default_limits=[settings.ratelimit_default],
    )
    limiter.for_all = bool(settings.ratelimit_default)

    @app.errorhandler(RateLimitExceeded)
    def too_many(_: RateLimitExceeded) -> Response:
        until = max(limit.reset_at for limit in limiter.current_limits if limit.breached)
        return errors.answer(TooManyRequests(retry_after=max(1, until - int(time.time()))))
