"""The machine, from one door; and the gate that every answer passes on its way out.

It knows no schema, database or route of this service: any Flask app can use it as it is.
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.http import remove_entity_headers

from .headers import Header
from .operation import Operation, current_operation, operation
from .replies import Credentials, Reply, message

__all__ = ["Credentials", "Gate", "Operation", "UndeclaredAnswer", "message", "operation"]


class UndeclaredAnswer(AssertionError):
    """An answer was about to leave that the contract does not declare."""


def promised(status: int) -> Reply | None:
    """What this status means in answer to the request at hand, if it may be answered at all."""
    gate: Gate = current_app.extensions["contract"]
    return gate.replies(current_operation()).get(status)


class Gate:
    """Compares each answer that leaves with what was promised, however the answer was made.

    What isn't declared raises `UndeclaredAnswer` in tests, and is logged as an error in production.
    `always` are headers that every answer has, set here where only one value fits; `beside` are the
    replies to requests that no view serves (an unknown address or method, OPTIONS); `about` is how
    the document begins, in OpenAPI's own members: `info` and `servers`. Install the gate first: it
    then acts last.
    """

    def __init__(
        self,
        app: Flask,
        *,
        about: Mapping[str, Any] = {},
        always: Mapping[str, Header] = {},
        beside: Mapping[int, Reply] = {},
    ) -> None:
        self.about, self.always, self.beside = about, always, beside
        self._constant = {name: h.const for name, h in always.items() if h.const is not None}
        self._replies: dict[Operation | None, Mapping[int, Reply]] = {}
        app.extensions["contract"] = self
        app.after_request(self.check)

    def replies(self, operation: Operation | None) -> Mapping[int, Reply]:
        """What each status means where this operation serves, or none does."""
        if operation not in self._replies:
            declared = operation.replies if operation else self.beside
            self._replies[operation] = {s: r.having(self.always) for s, r in declared.items()}
        return self._replies[operation]

    def check(self, response: Response) -> Response:
        """Let `response` leave, having compared it with what was promised."""
        if response.status_code == 304:
            remove_entity_headers(response.headers)  # As Werkzeug will, once we have looked.
        given = {name.lower() for name, _ in response.headers}
        for name, value in self._constant.items():
            if name.lower() not in given:
                response.headers.add(name, value)
        reply = self.replies(current_operation()).get(response.status_code)
        breaches = list(reply.breaches(response)) if reply else ["the status is not declared"]
        if reply and current_app.testing:  # To read the content takes longer than all else.
            breaches += reply.undeclared_members(response)
        if breaches:
            said = f"{request.method} {request.endpoint}, {response.status}: {', '.join(breaches)}"
            if current_app.testing:
                response.close()  # It may hold a file.
                raise UndeclaredAnswer(said)
            current_app.logger.error("undeclared answer: %s", said)
        return response
