"""The machine: the `operation` decorator, and the gate that every answer passes on its way out.

It knows no schema, database or route of this service: any Flask app can use it as it is.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

from flask import Flask, Response, current_app, make_response, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema
from werkzeug.exceptions import NotAcceptable, Unauthorized

from api import forms, negotiation
from api.replies import JSON, Header, Reply, message

__all__ = [
    "Credentials",
    "Gate",
    "Operation",
    "UndeclaredAnswer",
    "message",
    "operation",
    "promised",
]

FORM_LIMIT = 16 * 1024
"""The most bytes that a form may have."""


@dataclass(frozen=True)
class Credentials:
    """Who asks: OpenAPI's name and schema of the security scheme, and what finds out who it is.

    `check` raises `Unauthorized`.
    """

    name: str
    scheme: Mapping[str, str]
    check: Callable[[], Any]
    optional: bool = False

    def account(self) -> Any:
        """Who asks; None where credentials are optional and not given."""
        if self.optional and "Authorization" not in request.headers:
            return None
        return self.check()


class Operation:
    """A view and all it promises."""

    def __init__(
        self,
        view: Callable[..., ResponseReturnValue],
        replies: Mapping[int, Reply],
        *,
        form: type[Schema] | None = None,
        path: type[Schema] | None = None,
        credentials: Credentials | None = None,
        documented: bool = True,
    ) -> None:
        self.view, self.replies, self.documented = view, replies, documented
        self.__name__ = view.__name__
        self.form: Schema | None = form() if form else None
        self.path, self.credentials = path, credentials
        self.offers: list[str] = [
            media_type
            for status, reply in replies.items()
            if 200 <= status < 300
            for media_type in reply.content
        ]
        update_wrapper(self, view)

    def __call__(self, **arguments: Any) -> Response:
        """Answer one request; what is refused is refused in one order, whatever the operation.

        First the body's size and type (413, 415), then `Accept` (406), then credentials (401),
        then the form (400); the view does the rest.
        """
        form = forms.read(FORM_LIMIT) if self.form else None
        chosen = negotiation.choose(self.offers, request.headers.get("Accept"))
        if self.offers and not chosen and 406 in self.replies:
            if request.method in ("GET", "HEAD"):
                # Nothing is stored by looking, and a 404 goes before the 406 (a 401 after it).
                with suppress(Unauthorized):
                    self._perform(form, arguments)
            raise NotAcceptable(f"Accept {' or '.join(self.offers)}: there is nothing else here.")
        response = self._perform(form, arguments)
        return self._represent(response, chosen or next(iter(self.offers), ""))

    def _perform(self, form: forms.RawForm | None, arguments: dict[str, Any]) -> Response:
        if self.credentials:
            arguments["account"] = self.credentials.account()
        if form and self.form:
            arguments["form"] = form.load(self.form)
        return make_response(self.view(**arguments))

    def _represent(self, response: Response, chosen: str) -> Response:
        reply = self.replies.get(response.status_code)
        body = reply.content.get(chosen) if reply else None
        if body and body.render:
            said = response.get_json() if response.is_json else response.get_data(as_text=True)
            response.set_data(body.render(said))
            response.content_type = chosen if chosen == JSON else f"{chosen}; charset=utf-8"
        elif reply and not reply.content:
            response.headers.pop("Content-Type", None)
        return response


def operation(
    replies: Mapping[int, Reply], **promise: Any
) -> Callable[[Callable[..., ResponseReturnValue]], Operation]:
    """Make a view an `Operation`: put it under the route, with what the view promises.

    `form` and `path` are marshmallow schemas, `credentials` says who may ask; the view gets `form`
    as a valid dict and `account` as what the credentials found. An operation that isn't
    `documented` is held to its promise just the same. The view returns what any Flask view may.
    """
    return lambda view: Operation(view, replies, **promise)


class UndeclaredAnswer(AssertionError):
    """An answer was about to leave that the contract does not declare."""


def current_operation() -> Operation | None:
    """The operation that serves the request at hand; none serves OPTIONS or what isn't here."""
    view = current_app.view_functions.get(request.endpoint or "")
    return view if isinstance(view, Operation) and request.method != "OPTIONS" else None


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
        self,
        app: Flask,
        *,
        always: Mapping[str, Header] | None = None,
        beside: Mapping[int, Reply] | None = None,
    ) -> None:
        self.always, self.beside = always or {}, beside or {}
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
