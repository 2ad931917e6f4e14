"""The machine, from one door; and the gate that every answer passes on its way out.

It knows no schema, database or route of this service: any Flask app can use it as it is.
"""

from collections.abc import Mapping

from flask import Flask, Response, current_app, request

from api.operations import Operation, current_operation, operation
from api.replies import Credentials, Header, Reply, message

__all__ = ["Credentials", "Gate", "Operation", "UndeclaredAnswer", "message", "operation"]


class UndeclaredAnswer(AssertionError):
    """An answer was about to leave that the contract does not declare."""


def promised(status: int) -> Reply | None:
    """What this status means in answer to the request at hand, if it may be answered at all."""
    gate: Gate = current_app.extensions["contract"]
    serving = current_operation()
    reply = (serving.replies if serving else gate.beside).get(status)
    return reply and reply.having(gate.always)


class Gate:
    """Compares each answer that leaves with what was promised, however the answer was made.

    What isn't declared raises `UndeclaredAnswer` in tests, and is logged as an error in production.
    `always` are headers that every answer has; `beside` are the replies to requests that no view
    serves (an unknown address or method, OPTIONS). Install the gate first: it then acts last.
    """

    def __init__(
        self, app: Flask, *, always: Mapping[str, Header] = {}, beside: Mapping[int, Reply] = {}
    ) -> None:
        self.always, self.beside = always, beside
        app.extensions["contract"] = self
        app.after_request(self.check)

    def check(self, response: Response) -> Response:
        """Let `response` leave, having compared it with what was promised."""
        for name, header in self.always.items():
            response.headers.setdefault(name, header.const or "")
        reply = promised(response.status_code)
        breaches = list(reply.breaches(response)) if reply else ["the status is not declared"]
        if breaches:
            said = f"{request.method} {request.endpoint}, {response.status}: {', '.join(breaches)}"
            if current_app.testing:
                raise UndeclaredAnswer(said)
            current_app.logger.error("undeclared answer: %s", said)
        return response
