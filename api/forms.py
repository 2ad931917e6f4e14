"""Reading a form strictly: what can't be read to the byte is refused, never altered."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from flask import g, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.http import parse_options_header

from api.encodings import multipart, urlencoded

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MEDIA_TYPES = (URLENCODED, MULTIPART)
LIMIT = 16 * 1024
"""The most bytes that a form may have."""


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
                return list(urlencoded(self.body))
            return list(multipart(self.body, self.boundary.encode("ascii")))
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

    Read once however often it is asked for, refusals too: what is left of a body that broke off
    would look whole. Raises `RequestEntityTooLarge`, `UnsupportedMediaType` or `BadRequest`.
    """
    if "form" not in g:
        try:
            g.form = _read()
        except HTTPException as refused:
            g.form = refused
    if isinstance(g.form, HTTPException):
        raise g.form
    return cast("RawForm", g.form)


def _read() -> RawForm:
    if request.headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
        raise BadRequest("Send the body with no transfer coding but chunked.")
    # Werkzeug refuses a chunked body of exactly its maximum, so that is set one higher.
    request.max_content_length = LIMIT + 1
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
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
