"""Operations: views with declared replies and inputs, and the checks before each view."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, update_wrapper
from inspect import iscoroutinefunction, signature
from types import MethodType
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, make_response, request
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotAcceptable, Unauthorized
from werkzeug.routing import Rule

from . import negotiation
from .bodies import RequestBody, decoded
from .credentials import AnyOf, Credentials
from .encodings import urlencoded
from .inputs import AnySchema, RequestHeaders, instance, valid_texts
from .replies import JSON, Body, Reply, is_readable

View = Callable[..., ResponseReturnValue | Awaitable[ResponseReturnValue]]


class Operation:
    """A view with its declarations."""

    __name__: str

    def __init__(
        self,
        view: View,
        replies: Mapping[int, Reply],
        *,
        form: AnySchema | None = None,
        json: AnySchema | None = None,
        data: Mapping[str, Body] | None = None,
        body_required: bool = True,
        query: AnySchema | None = None,
        path: AnySchema | None = None,
        headers: AnySchema | None = None,
        cookies: AnySchema | None = None,
        credentials: Credentials | AnyOf | None = None,
        find: Callable[..., Any] | None = None,
        documented: bool = True,
        operation_id: str | Mapping[str, str] = {},
        tags: Sequence[str] | None = None,
        deprecated: bool = False,
        members: Mapping[str, Any] = {},
    ) -> None:
        self.view, self.replies, self.documented = view, replies, documented
        self.ids, self.tags = operation_id, tags
        self.members = {"deprecated": True, **members} if deprecated else members
        if sum(map(bool, (form, json, data))) > 1:
            raise ValueError("A body is a form, JSON or data, not several of them.")
        body = RequestBody.form(instance(form), body_required) if form else None
        body = RequestBody.json(instance(json), body_required) if json else body
        self.body = RequestBody.data(data, body_required) if data else body
        self.query = instance(query) if query else None
        self.path = instance(path) if path else None
        self.headers = RequestHeaders(instance(headers)) if headers else None
        self.cookies = instance(cookies) if cookies else None
        self.credentials, self.find = credentials, find
        is_checked = credentials and any(part.check for part in credentials.parts())
        self._account = credentials.account if credentials and is_checked else None
        self._is_async = iscoroutinefunction(view)
        self._found_by = tuple(signature(find).parameters) if find else ()
        successes = (reply for status, reply in replies.items() if 200 <= status < 300)
        self.produces = tuple(media_type for reply in successes for media_type in reply.content)
        bodies = (body for reply in replies.values() for body in reply.content.values())
        self._renders = any(body.render for body in bodies)
        update_wrapper(self, view)

    @cached_property
    def operation_id(self) -> str:
        """The given one, or the view's name in camel case, with its class's for a method."""
        if isinstance(self.ids, str):
            return self.ids
        first, *rest = self.__name__.split("_")
        within = getattr(self, "__qualname__", "").rpartition("<locals>.")[2]
        owner, _, name = within.rpartition(".")
        owner = owner.replace(".", "") if name == self.__name__ else ""
        return first + "".join(word.capitalize() for word in rest) + owner

    def __get__(self, view_object: object, _: type | None = None) -> Any:
        """Return the operation, bound if it is a method of a class-based view."""
        return self if view_object is None else MethodType(self, view_object)

    def __call__(self, *bound: Any, **arguments: Any) -> Response:
        """Run the steps, each of which may refuse the request, and then the view."""
        for step in STEPS:
            step.run(self, arguments)
        view: Any = current_app.ensure_sync(self.view) if self._is_async else self.view
        returned = view(*bound, **arguments)
        return self._represent(returned, self._preferred() or next(iter(self.produces), ""))

    def find_resource(self, arguments: dict[str, Any]) -> None:
        """Let `find` raise an error if the resource doesn't exist."""
        if not self.find:
            return
        with suppress(Unauthorized):  # `check_credentials` raises it again, in its own place.
            if self._account and "account" in self._found_by:
                arguments["account"] = self._account()
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
        if self._account:
            account = self._account()
            if "account" not in self._found_by:
                arguments["account"] = account

    def load_input(self, arguments: dict[str, Any]) -> None:
        """Refuse invalid headers, cookies, query and body, in this order."""
        if self.headers:
            arguments["headers"] = self.headers.load()
        if self.cookies:
            names = {field.data_key or name for name, field in self.cookies.load_fields.items()}
            cookies = request_ctx.request.cookies.items(multi=True)
            arguments["cookies"] = valid_texts(self.cookies, [c for c in cookies if c[0] in names])
        if self.query:
            pairs = decoded(urlencoded, request.query_string)
            arguments["query"] = valid_texts(self.query, pairs)
        if self.body:
            arguments[self.body.name] = self.body.loaded()

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

    `form` or `json`, `query`, `path`, `headers` and `cookies` are marshmallow schemas or instances
    of them; `json=Note(many=True)` is an array. The view gets the loaded input under these names,
    the path parameters under their own, and `account` if there are `credentials`. `data` declares
    the media types of a body that the view gets as bytes. A body that isn't required
    (`body_required`) is None if it isn't sent.

    `find` gets path parameters or `account`, as named arguments. It returns the resource, or raises
    an error if there is none. The view gets the resource as `found`, in place of the arguments of
    `find`.

    An operation that isn't `documented` is checked too, but isn't in the OpenAPI document. There,
    the view's name and its blueprint's are the `operation_id` and the `tags`, unless these are
    given. For several routes, `operation_id` is a mapping such as `{"GET /notes/{id}": "getNote"}`.
    Of `members`, such as `callbacks`, the Operation Object has a copy, which nothing checks.
    """
    return lambda view: Operation(view, replies, **declared)


def current_operation() -> Operation | None:
    """Return the operation of the current request, or None for OPTIONS and unknown paths."""
    # Each access through the proxy `request` would take as long as all the rest.
    context: RequestContext = request_ctx._get_current_object()  # type: ignore[attr-defined]
    rule, method = context.request.url_rule, context.request.method
    if rule is None or (method == "OPTIONS" and _answers_options(rule)):
        return None
    view = context.app.view_functions[rule.endpoint]
    return view if isinstance(view, Operation) else find_operation(view, method)


def find_operation(view: Any, method: str) -> Operation | None:
    """Return the operation that the view is, wraps, or has as its class's method, if any."""
    within = view
    while within is not None and not isinstance(within, Operation):
        within = getattr(within, "__wrapped__", None)
    owner = getattr(view, "view_class", None)
    if within is None and owner:
        names = [method.lower(), *(["get"] if method == "HEAD" else []), "dispatch_request"]
        methods = (getattr(owner, name) for name in names if hasattr(owner, name))
        return find_operation(next(methods, None), method)
    return within


def operations(app: Flask) -> Iterator[tuple[Rule, dict[str, Operation | None]]]:
    """Yield each rule with the operation, or None, of each of its methods.

    Methods that Flask answers by itself and rules of static files are left out.
    """
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        methods = set(rule.methods or ())
        methods -= {"OPTIONS"} if _answers_options(rule) else set()
        methods -= {"HEAD"} if "GET" in methods else set()
        if not rule.build_only and not is_flasks(view):
            yield rule, {method: find_operation(view, method) for method in sorted(methods)}


def is_flasks(view: Any) -> bool:
    """Return whether Flask itself defines the view, which is then that of static files."""
    return str(getattr(view, "__module__", "")).startswith("flask.")


def _answers_options(rule: Rule) -> bool:
    """Return whether Flask, and no view, answers OPTIONS."""
    return getattr(rule, "provide_automatic_options", False)
