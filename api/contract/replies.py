"""The words of a promise: what each status of an operation means, and what stands in the answer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import Any

from flask import Response, json, request
from flask.globals import request_ctx
from marshmallow import Schema

from .headers import Header
from .members import undeclared_members
from .once import once_per_request

JSON, PLAIN, HTML = "application/json", "text/plain", "text/html"
# HTTP's own fields, which OpenAPI leaves undeclared: they frame a message, or say when it was sent.
_FRAMING = {"content-type", "content-length", "transfer-encoding", "connection", "date", "server"}
# Where OpenAPI says that credentials may be but in a header, and what Flask calls it.
_PLACES = {"query": "args", "cookie": "cookies"}

JsonSchema = Mapping[str, Any]


def is_at_hand(response: Response) -> bool:
    """Whether the content may be looked at: what is streamed, such as a file, can be read once."""
    return not (response.is_streamed or response.direct_passthrough)


@dataclass(frozen=True)
class Body:
    """One representation: its schema, an example, and how a view's plain answer becomes it.

    A text that a view returns is the answer's `message`.
    """

    schema: Schema | type[Schema] | JsonSchema
    example: Any = None
    render: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class Link:
    """A way on from a reply: the operation that follows, and what to call it with."""

    operation: str
    parameters: Mapping[str, str]
    description: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What one status means for one operation, and what stands in the answer."""

    description: str
    content: Mapping[str, Body] = field(default_factory=dict)
    headers: Mapping[str, Header] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)

    def having(self, headers: Mapping[str, Header | str]) -> "Reply":
        """The reply with further headers; a plain string is a header that holds just that."""
        more = {k: Header.always(v) if isinstance(v, str) else v for k, v in headers.items()}
        return replace(self, headers={**more, **self.headers})

    def breaches(self, response: Response) -> Iterator[str]:
        """What of `response` isn't as promised here."""
        media_type = response.mimetype or ""
        if media_type not in self.content and (self.content or media_type):
            yield f"the media type {media_type or '(none)'} is not declared"
        body = self.content.get(media_type)
        const = body.schema.get("const") if body and isinstance(body.schema, Mapping) else None
        is_text = isinstance(const, str) and media_type != JSON
        compared = is_text and request.method != "HEAD" and is_at_hand(response)
        if compared and const != response.get_data(True):
            yield f"the text is not {const!r}"
        given: dict[str, list[str]] = {}
        for name, value in response.headers:
            given.setdefault(name.lower(), []).append(value)
        for lowered, name, header in self._promised:
            values = given.get(lowered, [])
            if values == [header.const]:
                continue  # Nearly all are: the rest need not be looked at.
            if not values and header.required:
                yield f"the header {name} is missing"
            for value in values:
                if not header.fits(value):
                    yield f"the header {name} is {value!r}, not {header.const or 'as declared'!r}"
            if len(values) > 1:
                yield f"the header {name} is there {len(values)} times"
        if given.keys() - self._declared:
            for name, _ in response.headers:
                if name.lower() not in self._declared:
                    yield f"the header {name} is not declared"

    def undeclared_members(self, response: Response) -> Iterator[str]:
        """Yield each member of a JSON response that its schema doesn't declare."""
        body = self.content.get(response.mimetype or "")
        if body and response.is_json and is_at_hand(response) and response.data:
            for member in undeclared_members(body.schema, response.get_json()):
                yield f"the member {member} is not declared"

    @cached_property
    def _promised(self) -> list[tuple[str, str, Header]]:
        return [(name.lower(), name, header) for name, header in self.headers.items()]

    @cached_property
    def _declared(self) -> set[str]:
        return {lowered for lowered, _, _ in self._promised} | _FRAMING


@dataclass(frozen=True)
class Credentials:
    """Who asks: OpenAPI's name and schema of the security scheme, and what finds out who it is.

    `check` raises `Unauthorized`.
    """

    name: str
    scheme: Mapping[str, str]
    check: Callable[[], Any]
    optional: bool = False

    def given(self) -> bool:
        """Whether the request has credentials, right or wrong."""
        name, place = self.scheme.get("name", "Authorization"), self.scheme.get("in", "header")
        if place == "header":
            return "HTTP_" + name.upper().replace("-", "_") in request_ctx.request.environ
        return name in getattr(request, _PLACES[place])

    def account(self) -> Any:
        """Return what `check` returns, or None if credentials are optional and not given.

        They are checked once per request, because to check a password takes long.
        """
        if self.optional and not self.given():
            return None
        return once_per_request("contract.account", self.check)


def message(
    text: str, description: str, schema: type[Schema] | JsonSchema | None = None, **more: Any
) -> Reply:
    """A reply that says `text`: in plain text, HTML or JSON, whichever the client accepts.

    The view returns the text, or a mapping with it as `message`, beside whatever else JSON has.
    """
    schema = schema or {"type": "object", "properties": {"message": {"const": text}}}

    def markup(text: str) -> str:
        return f"<h1>{escape(text)}</h1>"

    def const(text: str) -> JsonSchema:
        return {"type": "string", "const": text}

    content = {
        PLAIN: Body(const(text), text, lambda answer: answer["message"]),
        HTML: Body(const(markup(text)), markup(text), lambda answer: markup(answer["message"])),
        JSON: Body(schema, render=json.dumps),
    }
    return Reply(description=description, content=content, **more)
