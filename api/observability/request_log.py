"""The request log: a log line and a measurement for each response.

They contain no data of the client: no link of a record, no field, no credentials.
"""

import os
import re
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, has_request_context, request
from flask.globals import request_ctx

from api.contract import Header, current_operation
from api.observability.json_lines import RECEIVED_AT, clock

_ID = "api.request_id"
_VALID = "[A-Za-z0-9._-]{1,64}"
_is_valid = re.compile(_VALID).fullmatch

REQUEST_ID_HEADER = {
    "X-Request-ID": Header(
        {"type": "string", "pattern": f"^{_VALID}$", "maxLength": 64},
        "Names the exchange, in the service's log too: the request's own X-Request-ID where it is "
        "of this form, else a new one.",
    )
}


def new_id() -> str:
    return os.urandom(16).hex()


def current_request_id() -> str | None:
    """Return the id of the current request, or None outside of requests."""
    if not has_request_context():
        return None
    return _id_in(request.environ)


def _id_in(environ: dict[str, Any]) -> str:
    request_id: str | None = environ.get(_ID)
    if not request_id:
        given = environ.get("HTTP_X_REQUEST_ID")
        request_id = environ[_ID] = given if given and _is_valid(given) else new_id()
    return request_id


class RequestLog:
    """Adds the request id to each response, and records the response by `write` and `observe`."""

    def __init__(self, app: Flask) -> None:
        self.write: Callable[[str], None] | None = None
        """Called with each log line, if set."""
        self.observe: Callable[[str | None, int, float], None] | None = None
        """Called with the operationId, the status and the duration in seconds, if set."""
        app.extensions["request_log"] = self
        app.after_request(self._identify)

    def _identify(self, response: Response) -> Response:
        environ = request_ctx.request.environ
        request_id = _id_in(environ)
        response.headers.add("X-Request-ID", request_id)
        if self.write or self.observe:
            received_at = environ.get(RECEIVED_AT) or time.monotonic()
            client = environ.get("REMOTE_ADDR", "")
            self.record(request_id, self._operation_id(), response.status_code, received_at, client)
        return response

    def _operation_id(self) -> str | None:
        """Return the operationId of the current request, or None for undocumented operations."""
        operation = current_operation()
        return operation.operation_id if operation and operation.documented else None

    def record(
        self, request_id: str, name: str | None, status: int, received_at: float, client: str
    ) -> None:
        """Log and measure a response.

        `name` is the operationId, if there is one; `client` is a normalised address.
        """
        duration = time.monotonic() - received_at
        if self.observe:
            self.observe(name, status, duration)
        if self.write:
            # As by `to_line`. No value here needs escaping, and `json` takes ten times as long.
            self.write(
                f'{{"time":"{clock.now()}","level":"info","logger":"{__name__}",'
                f'"message":"response {status}{f" of {name}" if name else ""}",'
                f'"requestId":"{request_id}","operationId":{_quoted(name)},"status":{status},'
                f'"duration":{duration:.6f},"client":{_quoted(client)}}}\n'
            )


def _quoted(text: str | None) -> str:
    return f'"{text}"' if text else "null"
