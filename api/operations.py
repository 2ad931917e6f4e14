"""An operation: a view with all it promises, and the one order in which requests are refused."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import update_wrapper
from typing import Any

from flask import Response, current_app, make_response, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema
from werkzeug.exceptions import NotAcceptable, Unauthorized

from api import forms, negotiation
from api.replies import JSON, Credentials, Reply

View = Callable[..., ResponseReturnValue]


class Operation:
    """A view and all it promises."""

    def __init__(
        self,
        view: View,
        replies: Mapping[int, Reply],
        *,
        form: type[Schema] | None = None,
        path: type[Schema] | None = None,
        credentials: Credentials | None = None,
        documented: bool = True,
    ) -> None:
        self.view, self.replies, self.documented = view, replies, documented
        self.__name__ = view.__name__
        self.form = form() if form else None
        self.path, self.credentials = path, credentials
        self.offers = [m for s, reply in replies.items() if 200 <= s < 300 for m in reply.content]
        update_wrapper(self, view)

    def __call__(self, **arguments: Any) -> Response:
        """Answer one request; what is refused is refused in one order, whatever the operation.

        First the body's size and type (413, 415), then `Accept` (406), then credentials (401),
        then the form (400); the view does the rest.
        """
        form = forms.read() if self.form else None
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
            text = response.get_data(as_text=True)
            answer = response.get_json() if response.is_json else {"message": text}
            response.set_data(body.render(answer))
            response.content_type = chosen if chosen == JSON else f"{chosen}; charset=utf-8"
        elif reply and not reply.content:
            response.headers.pop("Content-Type", None)
        return response


def operation(replies: Mapping[int, Reply], **promise: Any) -> Callable[[View], Operation]:
    """Make a view an `Operation`: put it under the route, with what the view promises.

    `form` and `path` are marshmallow schemas, `credentials` says who may ask; the view gets `form`
    as a valid dict and `account` as what the credentials found. An operation that isn't
    `documented` is held to its promise just the same. The view returns what any Flask view may.
    """
    return lambda view: Operation(view, replies, **promise)


def current_operation() -> Operation | None:
    """The operation that serves the request at hand; none serves OPTIONS or what isn't here."""
    view = current_app.view_functions.get(request.endpoint or "")
    return view if isinstance(view, Operation) and request.method != "OPTIONS" else None
