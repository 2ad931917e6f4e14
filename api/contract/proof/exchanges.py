"""An exchange: one request as it was sent, with the answer as it was received."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header

from ..bodies import FORM
from ..encodings import NoText, codec, json_text, parameters, urlencoded


@dataclass(frozen=True)
class Form:
    """A form's fields in the order in which they came; None stands for a file."""

    fields: tuple[tuple[str, str | None], ...]

    @cached_property
    def texts(self) -> dict[str, str]:
        """The last text of each name."""
        return {name: text for name, text in self.fields if text is not None}

    @cached_property
    def odd(self) -> set[str]:
        """The names that are there twice, or as a file."""
        names = [name for name, _ in self.fields]
        return {name for name, text in self.fields if text is None or names.count(name) > 1}


@dataclass(frozen=True)
class Json:
    """A JSON document."""

    value: Any


class Unreadable(ValueError):
    """A body that isn't what its media type says."""


@dataclass(frozen=True, eq=False)
class Exchange:
    """One request and its answer, of any client and server; `recorded_by` names who saw it.

    The path is decoded. A body of None did not come whole, or not as it was framed.
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
        """Whether the request was found right: what it asked for was done, or was done before."""
        return self.status < 400

    @cached_property
    def media_type(self) -> str:
        """The media type of the answer, "" if it has none."""
        return parse_options_header(self.received.get("Content-Type", ""))[0].lower()

    @cached_property
    def sent_media_type(self) -> str:
        return parse_options_header(self.sent.get("Content-Type", ""))[0].lower()

    @cached_property
    def sent_values(self) -> dict[str, list[str]]:
        """The values of each header of the request, by its name in small letters."""
        return _by_name(self.sent)

    @cached_property
    def received_values(self) -> dict[str, list[str]]:
        """The values of each header of the answer, by its name in small letters."""
        return _by_name(self.received)

    @cached_property
    def coding_is_plain(self) -> bool:
        """Whether the body is as its media type says: in UTF-8, without a content coding."""
        coding = self.sent.get("Content-Encoding", "identity").strip().lower()
        try:
            codec(parameters(self.sent.get("Content-Type", ""))[1])
        except ValueError:
            return False
        return coding == "identity"

    @cached_property
    def said(self) -> Any:
        """What the answer says: JSON's value, or text, or bytes. Raises `ValueError`."""
        if self.media_type.endswith("json"):
            return json_text(self.content.decode())
        if not self.media_type.startswith("text/"):
            return self.content
        _, options = parse_options_header(self.received["Content-Type"])
        try:
            return self.content.decode(options.get("charset", "utf-8"))
        except LookupError as error:
            raise ValueError(str(error)) from None

    @cached_property
    def parameters(self) -> list[tuple[str, str]] | None:
        """The query's parameters; None where it isn't well formed."""
        try:
            return urlencoded(self.query.encode())
        except ValueError:
            return None

    @cached_property
    def _read(self) -> Form | Json | Unreadable:
        content_type = self.sent.get("Content-Type", "")
        try:
            if self.body is None:
                raise Unreadable("it didn't come whole")
            if self.sent_media_type in FORM:
                pairs = FORM[self.sent_media_type](self.body, content_type)
                texts = ((n, None if isinstance(t, NoText) else t) for n, t in pairs)
                return Form(tuple(texts))
            if self.sent_media_type.endswith("json"):
                return Json(json_text(self.body.decode()))
        except ValueError as error:
            return Unreadable(str(error))
        return Unreadable("its media type is not known here")

    def read(self) -> Form | Json:
        """The request's body. Raises `Unreadable`."""
        if isinstance(self._read, Unreadable):
            raise self._read
        return self._read


def _by_name(headers: Headers) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value)
    return values
