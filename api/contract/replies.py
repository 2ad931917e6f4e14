"""Declarations of replies: the content, headers and links of each status of an operation."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from json import loads
from typing import Any

from flask import Response, json, request
from marshmallow import Schema

from .headers import Header

JSON, PLAIN, HTML = "application/json", "text/plain", "text/html"
# OpenAPI documents don't declare these headers, which HTTP itself needs in any response.
_FRAMING = {"content-type", "content-length", "transfer-encoding", "connection", "date", "server"}

JsonSchema = Mapping[str, Any]


def is_readable(response: Response) -> bool:
    """Return whether the content can be read here. A stream, such as a file, is read only once."""
    return not (response.is_streamed or response.direct_passthrough)


@dataclass(frozen=True)
class Body:
    """A representation: its schema, an example, and how to render what a view returns.

    A text that a view returns is rendered as the mapping `{"message": text}`. `keywords` narrow the
    schema, which is then a marshmallow schema, for this representation alone. `examples` are named
    ones, in place of `example`. An example may be a function of the status.
    """

    schema: Schema | type[Schema] | JsonSchema
    example: Any = None
    render: Callable[[Any], str] | None = None
    keywords: JsonSchema = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)


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
            if len(values) > 1 and lowered != "set-cookie":
                yield f"the header {name} occurs {len(values)} times"
        if given.keys() - self._declared:
            for name, _ in response.headers:
                if name.lower() not in self._declared:
                    yield f"the header {name} is not declared"

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
