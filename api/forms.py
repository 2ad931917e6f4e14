"""Reading a form strictly: what can't be read to the byte is refused, never altered."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import unquote_to_bytes

from flask import g, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MEDIA_TYPES = (URLENCODED, MULTIPART)
LIMIT = 16 * 1024
"""The most bytes that a form may have."""

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class InvalidForm(BadRequest):
    """A form that breaks its rules: `errors` says which field, and what to do about it."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("Correct the fields named in errors, and send the form again.")
        self.errors = errors


class UnsupportedCoding(UnsupportedMediaType):
    """A content coding that isn't spoken here; the answer names the one that is."""

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        return [*super().get_headers(*args, **kwargs), ("Accept-Encoding", "identity")]


@dataclass(frozen=True)
class RawForm:
    """A body that is of a size and type to be read as a form."""

    body: bytes
    media_type: str
    boundary: str

    @cached_property
    def fields(self) -> list[tuple[str, str | None]]:
        """Each field's name and text; None stands for a file. Raises `BadRequest`."""
        try:
            if self.media_type == URLENCODED:
                return list(_urlencoded(self.body))
            return list(_multipart(self.body, self.boundary.encode("ascii")))
        except UnicodeError:
            raise BadRequest("Send text in UTF-8: this body holds other bytes.") from None
        except ValueError as error:
            raise BadRequest(str(error)) from None

    def load(self, schema: Schema) -> dict[str, Any]:
        """The form, valid by `schema`. Raises `BadRequest`, or `InvalidForm` that names fields."""
        form: dict[str, str] = {}
        errors: dict[str, list[str]] = {}
        for name, text in self.fields:
            if name not in schema.fields:
                continue
            if name in form or name in errors:
                errors[name] = ["Give this field once."]
            elif text is None:
                errors[name] = ["Give this field as text, not as a file."]
            else:
                form[name] = text
        try:
            loaded: dict[str, Any] = schema.load(form)
        except ValidationError as invalid:
            raise InvalidForm(invalid.messages_dict | errors) from None
        if errors:
            raise InvalidForm(errors)
        return loaded


def read() -> RawForm:
    """The request's body, once it is known to be a form of at most `LIMIT` bytes.

    Read once however often it is asked for. Raises `RequestEntityTooLarge`, `UnsupportedMediaType`,
    or `BadRequest` for a body that breaks off.
    """
    if "form" not in g:
        g.form = _read()
    return cast("RawForm", g.form)


def _read() -> RawForm:
    # Werkzeug refuses a chunked body of exactly its maximum, so that is set one higher.
    request.max_content_length = LIMIT + 1
    try:
        body = request.get_data()
    except HTTPException:
        raise
    except Exception as error:  # Each server has errors of its own for chunks it can't read.
        raise BadRequest("Send the body whole: this one breaks off or is badly framed.") from error
    if len(body) > LIMIT:
        raise RequestEntityTooLarge
    if request.content_length not in (None, len(body)):
        raise BadRequest("Send as many bytes as Content-Length says.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedCoding("Send the form without a content coding.")
    media_type, parameters = parse_options_header(request.headers.get("Content-Type", ""))
    media_type = media_type.lower()
    if media_type not in MEDIA_TYPES or parameters.get("charset", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaType
    return RawForm(body, media_type, parameters.get("boundary", ""))


def _urlencoded(body: bytes) -> Iterator[tuple[str, str]]:
    if _BAD_ESCAPE.search(body):
        raise ValueError("Write each % that starts no escape as %25.")
    for pair in body.replace(b"+", b" ").split(b"&"):
        if pair:
            name, _, text = pair.partition(b"=")
            yield unquote_to_bytes(name).decode(), unquote_to_bytes(text).decode()


def _multipart(body: bytes, boundary: bytes) -> Iterator[tuple[str, str | None]]:
    if not boundary:
        raise ValueError("Name the boundary of the parts in Content-Type.")
    decoder = MultipartDecoder(boundary)
    decoder.receive_data(body)
    decoder.receive_data(None)
    part: Field | File | None = None
    content = b""
    try:
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, Field | File):
                part, content = event, b""
            elif isinstance(event, Data) and part is not None:
                content += event.data
                # A part whose name can't be read is no field of any form.
                if not event.more_data and part.name is not None:
                    yield part.name, None if isinstance(part, File) else _text(part, content)
    except UnicodeError:
        raise
    except ValueError:
        raise ValueError("Send whole multipart/form-data parts, closed by --boundary--.") from None


def _text(part: Field, content: bytes) -> str:
    _, parameters = parse_options_header(part.headers.get("Content-Type", ""))
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "us-ascii"):
        raise UnicodeError
    return content.decode()
