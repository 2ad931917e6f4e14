"""The gate, which compares every response with the replies that the app declares."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.http import remove_entity_headers

from .headers import Header
from .operation import Operation, current_operation
from .replies import Reply


class UndeclaredResponse(AssertionError):
    """A response that the app does not declare."""


def declared_reply(status: int) -> Reply | None:
    """Return the reply that the current request's operation declares for the status, or None."""
    gate: Gate = current_app.extensions["contract"]
    return gate.replies(current_operation()).get(status)


class Gate:
    """Compares every response with the declared replies.

    In tests an undeclared response raises `UndeclaredResponse`; in production it is logged as an
    error and sent. Install the gate before other `after_request` functions, because Flask calls
    the first one last.

    `about` holds `info`, `servers` and more `tags` of the OpenAPI document. `common_headers` are
    declared for every response; the gate also sets those that have a constant value.
    `unrouted_replies` are the replies to requests that no operation serves: unknown paths and
    methods, and OPTIONS. The document has them as a table: in the description of the last tag, if
    `about` has tags, because tools show it after all operations; otherwise in that of `info`.
    """

    def __init__(
        self,
        app: Flask,
        *,
        about: Mapping[str, Any] = {},
        common_headers: Mapping[str, Header] = {},
        unrouted_replies: Mapping[int, Reply] = {},
    ) -> None:
        self.about, self.unrouted_replies = about, unrouted_replies
        self._common_headers = common_headers
        self._constants = {n: h.const for n, h in common_headers.items() if h.const is not None}
        self._replies: dict[Operation | None, Mapping[int, Reply]] = {}
        app.extensions["contract"] = self
        app.after_request(self.check)

    def replies(self, operation: Operation | None) -> Mapping[int, Reply]:
        """Return the operation's replies by status, or those without an operation."""
        if operation not in self._replies:
            declared = operation.replies if operation else self.unrouted_replies
            self._replies[operation] = {
                status: reply.with_headers(self._common_headers)
                for status, reply in declared.items()
            }
        return self._replies[operation]

    def check(self, response: Response) -> Response:
        """Add the constant headers to the response, and compare it with its declared reply."""
        if response.status_code == 304:
            remove_entity_headers(response.headers)  # Werkzeug removes them later.
        names = {name.lower() for name, _ in response.headers}
        for name, value in self._constants.items():
            if name.lower() not in names:
                response.headers.add(name, value)
        reply = self.replies(current_operation()).get(response.status_code)
        violations = list(reply.violations(response)) if reply else ["the status is not declared"]
        if reply and current_app.testing:  # Parsing the body takes longer than all other checks.
            violations += reply.undeclared_members(response)
        if violations:
            text = (
                f"{request.method} {request.endpoint}, {response.status}: {', '.join(violations)}"
            )
            if current_app.testing:
                response.close()  # It may hold an open file.
                raise UndeclaredResponse(text)
            current_app.logger.error("undeclared response: %s", text)
        return response
