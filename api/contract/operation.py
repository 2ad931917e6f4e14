"""An operation: a view with all it promises, and the one order in which requests are refused."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property, update_wrapper
from inspect import signature
from typing import Any, NamedTuple

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
        find: Callable[..., Any] | None = None,
        documented: bool = True,
    ) -> None:
        self.view, self.replies, self.documented = view, replies, documented
        if form and json:
            raise ValueError("A body is a form or JSON, not both.")
        body = RequestBody.form(form()) if form else None
        self.body = RequestBody.json(json()) if json else body
        self.query = query() if query else None
        self.headers = RequestHeaders(headers()) if headers else None
        self.path, self.credentials, self.find = path, credentials, find
        self._found_by = tuple(signature(find).parameters) if find else ()
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
        """Answer one request: the steps that may refuse it, in their order, then the view."""
        for step in STEPS:
            step.run(self, arguments)
        return self._represent(
            self.view(**arguments), self._chosen() or next(iter(self.offers), "")
        )

    def _chosen(self) -> str | None:
        return negotiation.choose(self.offers, request_ctx.request.environ.get("HTTP_ACCEPT"))

    def find_resource(self, arguments: dict[str, Any]) -> None:
        if not self.find:
            return
        # If `find` needs the account, bad credentials are refused by their own step.
        with suppress(Unauthorized):
            if self.credentials and "account" in self._found_by:
                arguments["account"] = self.credentials.account()
            arguments["found"] = self.find(**{n: arguments.pop(n) for n in self._found_by})

    def read_body(self, _: dict[str, Any]) -> None:
        if self.body:
            self.body.read()

    def choose_representation(self, _: dict[str, Any]) -> None:
        if self.offers and 406 in self.replies and not self._chosen():
            raise NotAcceptable(f"Accept {' or '.join(self.offers)}: there is nothing else here.")

    def check_credentials(self, arguments: dict[str, Any]) -> None:
        if self.credentials:
            account = self.credentials.account()
            if "account" not in self._found_by:
                arguments["account"] = account

    def load_input(self, arguments: dict[str, Any]) -> None:
        if self.headers:
            arguments["headers"] = self.headers.load()
        if self.query:
            given = decoded(urlencoded, request.query_string)
            arguments["query"] = valid_texts(self.query, given)
        if self.body:
            arguments[self.body.name] = self.body.load(self.body.schema, self.body.read().content)

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


class Step(NamedTuple):
    """A step of an operation before its view, with the statuses by which it refuses a request."""

    statuses: tuple[int, ...]
    run: Callable[[Operation, dict[str, Any]], None]


STEPS = (
    Step((404,), Operation.find_resource),
    Step((413, 415), Operation.read_body),
    Step((406,), Operation.choose_representation),
    Step((401,), Operation.check_credentials),
    Step((400,), Operation.load_input),
)
"""What an operation does with a request before its view."""

REFUSALS = (
    *(404, 405, 429),  # Flask finds no view, or a rate limit refuses the request.
    *(status for step in STEPS for status in step.statuses if status != 404),
    *(403, 412, 422, 409),  # The view itself.
)
"""The order in which an operation refuses a request, of which several statuses are true."""


def operation(replies: Mapping[int, Reply], **promise: Any) -> Callable[[View], Operation]:
    """Make a view an `Operation`: put it under the route, with what the view promises.

    `form` or `json`, `query`, `path` and `headers` are marshmallow schemas, `credentials` says who
    may ask; the view gets all but `path` as valid dicts and `account` as what the credentials
    found. `find` takes what the path holds, or `account`, and returns the resource, or raises the
    error of one that doesn't exist: the view gets the resource as `found` in place of what `find`
    took. An operation that isn't `documented` is held to its promise just the same. The view
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
