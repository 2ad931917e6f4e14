"""Work that is done once per request."""

from collections.abc import Callable
from typing import Any

from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException


def once_per_request(name: str, work: Callable[[], Any]) -> Any:
    """Return what `work` returned, or raise the `HTTPException` that it raised, at the first call.

    Each kind of work has a `name`, under which the request's environment keeps the outcome.
    """
    environ = request_ctx.request.environ
    if name not in environ:
        try:
            environ[name] = work()
        except HTTPException as refusal:
            environ[name] = refusal
    outcome = environ[name]
    if isinstance(outcome, HTTPException):
        raise outcome
    return outcome
