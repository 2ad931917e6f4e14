"""An operation: a view with all it promises, and the one order in which requests are refused."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property, update_wrapper
from typing import Any

from flask import Response, make_response, request
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from marshmallow import Schema
from werkzeug.exceptions import NotAcceptable, Unauthorized

from . import negotiation
from .bodies import RequestBody, decoded
from .encodings import urlencoded
from .inputs import RequestHeaders, valid_texts
from .replies import JSON, Credentials, Reply, is_at_hand

View = Callable[..., ResponseReturnValue]


class Operation:
    """A view and all it promises."""

    __name__: str

    def __init__(
        self,
        view: View,
        replies: Mapping[int, Reply],
        *,
        form: type[Schema] | None = None,
        json: type[Schema] | None = None,
        query: type[Schema] | None = None,
        path: type[Schema] | None = None,
        headers: type[Schema] | None = None,
        credentials: Credentials | None = None,
        documented: bool = True,
    ) -> None:
        self.view, self.replies, self.documented = view, replies, documented
        if form and json:
            raise ValueError("A body is a form or JSON, not both.")
        body = RequestBody.form(form()) if form else None
        self.body = RequestBody.json(json()) if json else body
        self.query = query() if query else None
        self.headers = RequestHeaders(headers()) if headers else None
        self.path, self.credentials = path, credentials
        good = (reply for status, reply in replies.items() if 200 <= status < 300)
        self.offers = tuple(media_type for reply in good for media_type in reply.content)
        bodies = (body for reply in replies.values() for body in reply.content.values())
        self._renders = any(body.render for body in bodies)
        update_wrapper(self, view)

    @cached_property
    def operation_id(self) -> str:
        """The view's name, as OpenAPI's clients like it."""
        first, *rest = self.__name__.split("_")
        return first + "".join(word.capitalize() for word in rest)

    def __call__(self, **arguments: Any) -> Response:
        """Answer one request; what is refused is refused in one order, whatever the operation.

        First the body's size and type (413, 415), then `Accept` (406), then credentials (401),
        then the header fields, the query and the body's content (400); the view does the rest.
        """
        if self.body:
            self.body.read()
        asked = request_ctx.request
        chosen = negotiation.choose(self.offers, asked.environ.get("HTTP_ACCEPT"))
        if self.offers and not chosen and 406 in self.replies:
            if asked.method in ("GET", "HEAD"):
                # Nothing is stored by looking, and a 404 goes before the 406 (a 401 after it).
                with suppress(Unauthorized):
                    make_response(self._perform(arguments))
            raise NotAcceptable(f"Accept {' or '.join(self.offers)}: there is nothing else here.")
        answered = self._perform(arguments)
        return self._represent(answered, chosen or next(iter(self.offers), ""))

    def _perform(self, arguments: dict[str, Any]) -> ResponseReturnValue:
        if self.credentials:
            arguments["account"] = self.credentials.account()
        if self.headers:
            arguments["headers"] = self.headers.load()
        if self.query:
            given = decoded(urlencoded, request.query_string)
            arguments["query"] = valid_texts(self.query, given)
        if self.body:
            arguments[self.body.name] = self.body.load(self.body.schema, self.body.read().content)
        return self.view(**arguments)

    def _represent(self, answered: ResponseReturnValue, chosen: str) -> Response:
        """What the view returned, as the client likes it."""
        content, *more = answered if isinstance(answered, tuple) else (answered,)
        # What is still plain is rendered once: JSON made and read again takes a tenth of a request.
        is_plain = self._renders and isinstance(content, str | dict)
        empty = ("", *more) if more else ""
        response = make_response(empty if is_plain else answered)
        reply = self.replies.get(response.status_code)
        body = reply.content.get(chosen) if reply else None
        if not is_at_hand(response):
            return response
        if body and body.render:
            if response.is_json:
                content = response.get_json()
            elif not is_plain:
                content = response.get_data(as_text=True)
            answer = {"message": content} if isinstance(content, str) else content
            response.set_data(body.render(answer))
            response.content_type = chosen if chosen == JSON else f"{chosen}; charset=utf-8"
            return response
        if is_plain:
            response = make_response(answered)
        if reply and not reply.content:
            if 300 <= response.status_code < 400:
                response.set_data("")  # Flask's page, which leads where Location does.
            if not response.get_data():
                response.headers.pop("Content-Type", None)
        return response


def operation(replies: Mapping[int, Reply], **promise: Any) -> Callable[[View], Operation]:
    """Make a view an `Operation`: put it under the route, with what the view promises.

    `form` or `json`, `query`, `path` and `headers` are marshmallow schemas, `credentials` says who
    may ask; the view gets all but `path` as valid dicts and `account` as what the credentials
    found. An operation that isn't `documented` is held to its promise just the same. The view
    returns what any Flask view may.
    """
    return lambda view: Operation(view, replies, **promise)


def current_operation() -> Operation | None:
    """The operation that serves the request at hand; none serves OPTIONS or what isn't here."""
    # Each look through a proxy takes as long as all the rest here.
    context: RequestContext = request_ctx._get_current_object()  # type: ignore[attr-defined]
    rule = context.request.url_rule
    if rule is None or context.request.method == "OPTIONS":
        return None
    view = context.app.view_functions[rule.endpoint]
    return view if isinstance(view, Operation) else None
