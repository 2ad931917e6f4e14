"""Operations: views with declared replies and inputs, and the checks before each view."""

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
from .replies import JSON, Credentials, Reply, is_readable

View = Callable[..., ResponseReturnValue]


class Operation:
    """A view with its declarations."""

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
        successes = (reply for status, reply in replies.items() if 200 <= status < 300)
        self.produces = tuple(media_type for reply in successes for media_type in reply.content)
        bodies = (body for reply in replies.values() for body in reply.content.values())
        self._renders = any(body.render for body in bodies)
        update_wrapper(self, view)

    @cached_property
    def operation_id(self) -> str:
        """The view's name in camel case."""
        first, *rest = self.__name__.split("_")
        return first + "".join(word.capitalize() for word in rest)

    def __call__(self, **arguments: Any) -> Response:
        """Run the steps, each of which may refuse the request, and then the view."""
        for step in STEPS:
            step.run(self, arguments)
        returned = self.view(**arguments)
        return self._represent(returned, self._preferred() or next(iter(self.produces), ""))

    def find_resource(self, arguments: dict[str, Any]) -> None:
        """Let `find` raise an error if the resource doesn't exist."""
        if not self.find:
            return
        with suppress(Unauthorized):  # `check_credentials` raises it again, in its own place.
            if self.credentials and "account" in self._found_by:
                arguments["account"] = self.credentials.account()
            arguments["found"] = self.find(**{n: arguments.pop(n) for n in self._found_by})

    def read_body(self, _: dict[str, Any]) -> None:
        """Refuse a body by its size and media type."""
        if self.body:
            self.body.read()

    def choose_representation(self, _: dict[str, Any]) -> None:
        """Refuse an `Accept` that allows no media type of a successful response."""
        if self.produces and 406 in self.replies and not self._preferred():
            raise NotAcceptable(
                f"Accept {' or '.join(self.produces)}: there is no other representation."
            )

    def check_credentials(self, arguments: dict[str, Any]) -> None:
        """Refuse missing or wrong credentials."""
        if self.credentials:
            account = self.credentials.account()
            if "account" not in self._found_by:
                arguments["account"] = account

    def load_input(self, arguments: dict[str, Any]) -> None:
        """Refuse invalid headers, then an invalid query, then an invalid body."""
        if self.headers:
            arguments["headers"] = self.headers.load()
        if self.query:
            pairs = decoded(urlencoded, request.query_string)
            arguments["query"] = valid_texts(self.query, pairs)
        if self.body:
            arguments[self.body.name] = self.body.load(self.body.schema, self.body.read().content)

    def _preferred(self) -> str | None:
        """Return the media type that the client prefers, or None if it accepts none."""
        return negotiation.choose(self.produces, request_ctx.request.environ.get("HTTP_ACCEPT"))

    def _represent(self, returned: ResponseReturnValue, media_type: str) -> Response:
        """Make a response of what the view returned, rendered in this media type if declared."""
        content, *more = returned if isinstance(returned, tuple) else (returned,)
        # Flask would make JSON of a mapping, which takes a tenth of the time of a request.
        is_plain = self._renders and isinstance(content, str | dict)
        empty = ("", *more) if more else ""
        response = make_response(empty if is_plain else returned)
        reply = self.replies.get(response.status_code)
        body = reply.content.get(media_type) if reply else None
        if not is_readable(response):
            return response
        if body and body.render:
            if response.is_json:
                content = response.get_json()
            elif not is_plain:
                content = response.get_data(as_text=True)
            content = {"message": content} if isinstance(content, str) else content
            response.set_data(body.render(content))
            is_json = media_type == JSON
            response.content_type = media_type if is_json else f"{media_type}; charset=utf-8"
            return response
        if is_plain:
            response = make_response(returned)
        if reply and not reply.content:
            if 300 <= response.status_code < 400:
                response.set_data("")  # Flask's page, which only repeats Location.
            if not response.get_data():
                response.headers.pop("Content-Type", None)
        return response


class Step(NamedTuple):
    """A method of `Operation` that runs before the view, and the statuses of its refusals."""

    statuses: tuple[int, ...]
    run: Callable[[Operation, dict[str, Any]], None]


STEPS = (
    Step((404,), Operation.find_resource),
    Step((413, 415), Operation.read_body),
    Step((406,), Operation.choose_representation),
    Step((401,), Operation.check_credentials),
    Step((400,), Operation.load_input),
)
"""The steps of every operation before its view, in order."""

REFUSALS = (
    *(404, 405, 429),  # Flask's routing, then the rate limits of the app.
    *(status for step in STEPS for status in step.statuses if status != 404),
    *(403, 412, 409),  # The view.
)
"""The order of refusals: if several apply to a request, the first one is returned."""


def operation(replies: Mapping[int, Reply], **declared: Any) -> Callable[[View], Operation]:
    """Make a view an `Operation`. This decorator stands below the route's.

    `form` or `json`, `query`, `path` and `headers` are marshmallow schemas. The view gets the
    loaded input under these names, the path parameters under their own, and `account` if there are
    `credentials`.

    `find` gets path parameters or `account`, as named arguments. It returns the resource, or raises
    an error if there is none. The view gets the resource as `found`, in place of the arguments of
    `find`.

    An operation that isn't `documented` is checked too, but isn't in the OpenAPI document.
    """
    return lambda view: Operation(view, replies, **declared)


def current_operation() -> Operation | None:
    """Return the operation of the current request, or None for OPTIONS and unknown paths."""
    # Each access through the proxy `request` would take as long as all the rest.
    context: RequestContext = request_ctx._get_current_object()  # type: ignore[attr-defined]
    rule = context.request.url_rule
    if rule is None or context.request.method == "OPTIONS":
        return None
    view = context.app.view_functions[rule.endpoint]
    return view if isinstance(view, Operation) else None
