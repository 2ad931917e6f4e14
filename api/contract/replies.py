"""Declarations of replies: the content, headers and links of each status of an operation."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from json import loads
from typing import Any

from flask import Response, json, request
from flask.globals import request_ctx
from marshmallow import Schema

from .headers import Header
from .members import undeclared_members
from .once import once_per_request

JSON, PLAIN, HTML = "application/json", "text/plain", "text/html"
# OpenAPI documents don't declare these headers, which HTTP itself needs in any response.
_FRAMING = {"content-type", "content-length", "transfer-encoding", "connection", "date", "server"}
# Flask's names for the places of an API key other than a header.
_PLACES = {"query": "args", "cookie": "cookies"}

JsonSchema = Mapping[str, Any]


def is_readable(response: Response) -> bool:
    """Return whether the content can be read here. A stream, such as a file, is read only once."""
    return not (response.is_streamed or response.direct_passthrough)


@dataclass(frozen=True)
class Body:
    """A representation: its schema, an example, and how to render what a view returns.

    A text that a view returns is rendered as the mapping `{"message": text}`. `keywords` narrow the
    schema, which is then a marshmallow schema, for this representation alone.
    """

    schema: Schema | type[Schema] | JsonSchema
    example: Any = None
    render: Callable[[Any], str] | None = None
    keywords: JsonSchema = field(default_factory=dict)


def _says(text: str, response: Response) -> bool:
    """Return whether this is the text, or the message in JSON, of the response, if it has any."""
    if request.method == "HEAD" or not is_readable(response):
        return True
    content = response.get_data(True)
    if response.mimetype != JSON:
        return content == text
    try:
        return bool(loads(content)["message"] == text)
    except (ValueError, LookupError, TypeError):
        return False


@dataclass(frozen=True)
class Link:
    """An OpenAPI link from a reply to an operation, with the parameters to call it with."""

    operation: str
    parameters: Mapping[str, str]
    description: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The declared response of an operation for one status.

    `message`, if given, is the text of the member `message` in JSON.
    """

    description: str
    message: str | None = None
    content: Mapping[str, Body] = field(default_factory=dict)
    headers: Mapping[str, Header] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, Header | str]) -> "Reply":
        """Return the reply with more headers. A string stands for a constant header."""
        more = {k: Header.constant(v) if isinstance(v, str) else v for k, v in headers.items()}
        return replace(self, headers={**more, **self.headers})

    def violations(self, response: Response) -> Iterator[str]:
        """Yield each difference between `response` and this declaration.

        Of JSON content only the `message` is compared.
        """
        media_type = response.mimetype or ""
        if media_type not in self.content and (self.content or media_type):
            yield f"the media type {media_type or '(none)'} is not declared"
        if (text := self._texts.get(media_type)) is not None and not _says(text, response):
            yield f"the {'message' if media_type == JSON else 'text'} is not {text!r}"
        given: dict[str, list[str]] = {}
        for name, value in response.headers:
            given.setdefault(name.lower(), []).append(value)
        for lowered, name, header in self._lowered:
            values = given.get(lowered)
            if not values and header.required:
                yield f"the header {name} is missing"
            if not values or values == [header.const]:
                continue  # Most headers are constant, and this is quick.
            for value in values:
                if not header.fits(value):
                    yield f"the header {name} is {value!r}, not {header.const or 'as declared'!r}"
            if len(values) > 1:
                yield f"the header {name} occurs {len(values)} times"
        if given.keys() - self._declared:
            for name, _ in response.headers:
                if name.lower() not in self._declared:
                    yield f"the header {name} is not declared"

    def undeclared_members(self, response: Response) -> Iterator[str]:
        """Yield each member of a JSON response that its schema doesn't declare."""
        body = self.content.get(response.mimetype or "")
        if body and response.is_json and is_readable(response) and response.data:
            for member in undeclared_members(body.schema, response.get_json()):
                yield f"the member {member} is not declared"

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The only text, or the only message in JSON, of each media type that has one."""
        schemas = {m: body.schema for m, body in self.content.items() if m != JSON}
        texts = {
            m: s["const"] for m, s in schemas.items() if isinstance(s, Mapping) and "const" in s
        }
        return texts | ({} if self.message is None else {JSON: self.message})

    @cached_property
    def _lowered(self) -> list[tuple[str, str, Header]]:
        return [(name.lower(), name, header) for name, header in self.headers.items()]

    @cached_property
    def _declared(self) -> set[str]:
        return {lowered for lowered, _, _ in self._lowered} | _FRAMING


@dataclass(frozen=True)
class Credentials:
    """A security scheme, with its name and its members in OpenAPI.

    `check` returns the account that the current request's credentials belong to, or raises
    `Unauthorized`.
    """

    name: str
    scheme: Mapping[str, str]
    check: Callable[[], Any]
    optional: bool = False

    def given(self) -> bool:
        """Return whether the request has credentials, valid or not."""
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
    """Return a reply with a message in JSON, plain text or HTML, whichever the client prefers.

    JSON is the default, because most clients accept anything and read what the document lists
    first. It ends in a line end, so that a shell's prompt begins a new line after it.

    The view returns `text`, or a mapping whose `message` is `text` and whose other members only
    JSON contains. `schema` is the JSON schema of such a mapping.
    """
    schema = schema or {"type": "object", "properties": {"message": {"const": text}}}

    def markup(text: str) -> str:
        return f"<h1>{escape(text)}</h1>"

    def const(text: str) -> JsonSchema:
        return {"type": "string", "const": text}

    content = {
        JSON: Body(schema, render=lambda content: json.dumps(content) + "\n"),
        PLAIN: Body(const(text), text, lambda content: content["message"]),
        HTML: Body(const(markup(text)), markup(text), lambda content: markup(content["message"])),
    }
    return Reply(description=description, message=text, content=content, **more)
