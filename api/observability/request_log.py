"""The request log: a line and a measurement for each response, with the request's id.

Neither has anything that the client sent: no link of a record, no field, no credentials.
"""

import os
import re
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, has_request_context, request
from flask.globals import request_ctx

from api.contract import Header, current_operation
from api.observability.json_lines import SINCE, clock

_ID = "api.request_id"
_WELL_FORMED = "[A-Za-z0-9._-]{1,64}"
_is_well_formed = re.compile(_WELL_FORMED).fullmatch

IDENTIFIED = {
    "X-Request-ID": Header(
        {"type": "string", "pattern": f"^{_WELL_FORMED}$", "maxLength": 64},
        "Names the exchange, in the service's log too: the request's own X-Request-ID where it is "
        "of this form, else a new one.",
    )
}


def new_id() -> str:
    return os.urandom(16).hex()


def request_id() -> str | None:
    """Return the id of the current request, or None outside of requests."""
    if not has_request_context():
        return None
    return _id_in(request.environ)


def _id_in(environ: dict[str, Any]) -> str:
    known: str | None = environ.get(_ID)
    if not known:
        given = environ.get("HTTP_X_REQUEST_ID")
        known = environ[_ID] = given if given and _is_well_formed(given) else new_id()
    return known


class RequestLog:
    """Gives each response its request id, and records it if `write` or `observe` is set."""

    def __init__(self, app: Flask) -> None:
        self.write: Callable[[str], None] | None = None
        """Called with a line of JSON."""
        self.observe: Callable[[str | None, int, float], None] | None = None
        """Called with the operationId, the status, and the duration in seconds."""
        app.extensions["request_log"] = self
        app.after_request(self._identify)

    def _identify(self, response: Response) -> Response:
        environ = request_ctx.request.environ
        known = _id_in(environ)
        response.headers.add("X-Request-ID", known)
        if self.write or self.observe:
            since = environ.get(SINCE) or time.monotonic()
            client = environ.get("REMOTE_ADDR", "")
            self.record(known, self._operation_id(), response.status_code, since, client)
        return response

    def _operation_id(self) -> str | None:
        """Return the operationId of the current request, if the document has its operation."""
        operation = current_operation()
        return operation.operation_id if operation and operation.documented else None

    def record(self, known: str, name: str | None, status: int, since: float, client: str) -> None:
        """Log and measure the response to the request with the id `known`.

        `name` is the operation's id, if an operation served it; `client` is a normalised address.
        """
        duration = time.monotonic() - since
        if self.observe:
            self.observe(name, status, duration)
        if self.write:
            # No value here needs escaping, and `json` takes ten times as long.
            self.write(
                f'{{"time":"{clock.now()}","requestId":"{known}","operationId":{_quoted(name)},'
                f'"status":{status},"duration":{duration:.6f},'
                f'"client":{_quoted(client)}}}\n'
            )


def _quoted(text: str | None) -> str:
    return f'"{text}"' if text else "null"
