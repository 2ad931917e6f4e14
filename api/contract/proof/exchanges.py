"""An exchange: a request as it was sent, with its response as it was received."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from werkzeug.datastructures import Headers
from werkzeug.http import parse_cookie, parse_options_header

from ..encodings import NoText, codec, json_text, parameters, urlencoded
from ..forms import FORM
from .values import is_json, is_text

_Text = TypeVar("_Text")


@dataclass(frozen=True)
class Form:
    """A form's fields in the order of the body. The text of a file is None."""

    fields: tuple[tuple[str, str | None], ...]

    @cached_property
    def by_name(self) -> dict[str, list[str | None]]:
        """The texts of each name."""
        return _grouped(self.fields)


@dataclass(frozen=True)
class Json:
    """A JSON document."""

    value: Any


class Unreadable(ValueError):
    """A body that can't be decoded as its media type."""


@dataclass(frozen=True, eq=False)
class Exchange:
    """A request and its response. `recorded_by` names the test.

    The path is decoded. A body of None is incomplete or badly framed.
    """

    method: str
    path: str
    query: str
    sent: Headers
    body: bytes | None
    status: int
    received: Headers
    content: bytes
    recorded_by: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the request succeeded."""
        return self.status < 400

    @cached_property
    def media_type(self) -> str:
        """The media type of the response, "" if it has none, as that of Flask's `"", 204`."""
        content_type = "" if self.status == 204 else self.received.get("Content-Type", "")
        return parse_options_header(content_type)[0].lower()

    @cached_property
    def sent_media_type(self) -> str:
        return parse_options_header(self.sent.get("Content-Type", ""))[0].lower()

    @cached_property
    def sent_values(self) -> dict[str, list[str]]:
        """The values of each request header, by its name in lower case."""
        return _grouped((name.lower(), value) for name, value in self.sent)

    @cached_property
    def received_values(self) -> dict[str, list[str]]:
        """The values of each response header, by its name in lower case."""
        return _grouped((name.lower(), value) for name, value in self.received)

    @cached_property
    def has_plain_coding(self) -> bool:
        """Whether the request's body is in UTF-8 and without a content coding."""
        coding = self.sent.get("Content-Encoding", "identity").strip().lower()
        try:
            codec(parameters(self.sent.get("Content-Type", ""))[1])
        except ValueError:
            return False
        return coding == "identity"

    @cached_property
    def decoded_content(self) -> Any:
        """The response's content: a JSON value, text or bytes. Raises `ValueError`."""
        content = self._plain_content
        if content is None or not self.has_known_content:
            return self.content
        if is_json(self.media_type):
            return json_text(content.decode())
        _, options = parse_options_header(self.received["Content-Type"])
        try:
            return content.decode(options.get("charset", "utf-8"))
        except LookupError as error:
            raise ValueError(str(error)) from None

    @cached_property
    def _plain_content(self) -> bytes | None:
        """The response's content without its content coding, or None if that isn't known here."""
        coding = self.received.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("gzip", "x-gzip", "deflate"):
            return self.content if coding == "identity" else None
        try:
            return zlib.decompress(self.content, wbits=47)  # Of gzip or zlib, as it begins.
        except zlib.error:
            return self.content  # Clients such as `requests` have decoded it.

    @property
    def has_known_content(self) -> bool:
        """Whether the response's content can be read as a JSON value or a text."""
        return self._plain_content is not None and is_text(self.media_type)

    @cached_property
    def cookies(self) -> list[tuple[str, str]]:
        """The names and values of the cookies in the request."""
        given = parse_cookie("; ".join(self.sent_values.get("cookie", [])))
        return list(given.items(multi=True))

    @cached_property
    def parameters(self) -> list[tuple[str, str]] | None:
        """The query's parameters, or None if it is malformed."""
        try:
            return urlencoded(self.query.encode())
        except ValueError:
            return None

    @cached_property
    def _read(self) -> Form | Json | Unreadable:
        content_type = self.sent.get("Content-Type", "")
        try:
            if self.body is None:
                raise Unreadable("it is incomplete")
            if self.sent_media_type in FORM:
                pairs = FORM[self.sent_media_type](self.body, content_type)
                texts = ((n, None if isinstance(t, NoText) else t) for n, t in pairs)
                return Form(tuple(texts))
            if is_json(self.sent_media_type):
                return Json(json_text(self.body.decode()))
        except ValueError as error:
            return Unreadable(str(error))
        return Unreadable("its media type is not known here")

    def read(self) -> Form | Json:
        """Return the request's decoded body. Raises `Unreadable`."""
        if isinstance(self._read, Unreadable):
            raise self._read
        return self._read


def _grouped(pairs: Iterable[tuple[str, _Text]]) -> dict[str, list[_Text]]:
    found: dict[str, list[_Text]] = {}
    for name, text in pairs:
        found.setdefault(name, []).append(text)
    return found
