"""Request bodies: their size, framing and media type are checked before they are decoded.

A body that can't be decoded without loss is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Request
from flask.globals import request_ctx
from marshmallow import Schema
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.exceptions import NotImplemented as UnknownTransferCoding

from .encodings import json_array, json_object
from .fields import File
from .forms import FORM, MULTIPART, Decoder
from .inputs import valid, valid_texts
from .once import once_per_request


class UnsupportedCoding(UnsupportedMediaType):
    """A content coding other than `identity`, which the response names in `Accept-Encoding`."""

    def get_headers(self, *_: Any, **__: Any) -> list[tuple[str, str]]:
        return [*super().get_headers(), ("Accept-Encoding", "identity")]


def decoded(decoder: Decoder, data: bytes, content_type: str = "") -> Any:
    """Return the decoded `data`. Raises `BadRequest`."""
    try:
        return decoder(data, content_type)
    except UnicodeError as error:
        name = "US-ASCII" if error.args[0] == "ascii" else "UTF-8"
        raise BadRequest(f"Send text in {name}: this holds other bytes.") from None
    except ValueError as error:
        raise BadRequest(str(error)) from None


def refuse_transfer_coding(environ: Mapping[str, Any]) -> None:
    """Raise 501 for a transfer coding other than chunked (RFC 9112, section 6.1)."""
    if environ.get("HTTP_TRANSFER_ENCODING", "chunked").strip().lower() != "chunked":
        raise UnknownTransferCoding("Send the body with no transfer coding but chunked.")


@dataclass(frozen=True)
class RawBody:
    """A body of an accepted size and media type, decoded when its content is first read."""

    data: bytes
    decoder: Decoder
    content_type: str

    @cached_property
    def content(self) -> Any:
        """The pairs of a form, or the members of a JSON object."""
        return decoded(self.decoder, self.data, self.content_type)


@dataclass(frozen=True)
class RequestBody:
    """An operation's declaration of its body.

    `name` is the view's argument, and `load` validates decoded content by `schema`.
    """

    name: str
    decoders: Mapping[str, Decoder]
    load: Callable[[Schema, Any], Any]
    schema: Schema
    required: bool = True
    content: Mapping[str, Any] = field(default_factory=dict)
    """The printed representations, if no schema says what they are."""

    @classmethod
    def form(cls, schema: Schema, required: bool = True) -> "RequestBody":
        given = [getattr(field, "inner", field) for field in schema.load_fields.values()]
        has_files = any(isinstance(field, File) for field in given)
        decoders = {MULTIPART: FORM[MULTIPART]} if has_files else FORM
        return cls("form", decoders, valid_texts, schema, required)

    @classmethod
    def json(cls, schema: Schema, required: bool = True) -> "RequestBody":
        decoder = json_array if schema.many else json_object
        return cls("json", {"application/json": decoder}, valid, schema, required)

    @classmethod
    def data(cls, content: Mapping[str, Any], required: bool = True) -> "RequestBody":
        decoders = dict.fromkeys(content, lambda data, _: data)
        return cls("data", decoders, lambda _, data: data, Schema(), required, content)

    def loaded(self) -> Any:
        """Return the view's argument, which is None without a body. Raises as `read` does."""
        content = self.read().content
        return content if content is None else self.load(self.schema, content)

    def read(self) -> RawBody:
        """Return the current request's body.

        Raises `RequestEntityTooLarge`, `UnsupportedMediaType` or `BadRequest`. The body is
        read once per request: a second attempt would return the rest of an incomplete body.
        """
        request = request_ctx.request
        body: RawBody = once_per_request("contract.body", lambda: _read(request, self))
        return body


def _read(request: Request, declared: RequestBody) -> RawBody:
    environ = request.environ  # Quicker than `request.headers`.
    refuse_transfer_coding(environ)
    limit = request.max_content_length
    if limit is not None:
        # Werkzeug refuses a chunked body of exactly the maximum.
        request.max_content_length = limit + 1
    try:
        data = request.get_data()
    except RequestEntityTooLarge:
        raise
    except Exception as error:  # Each server raises other exceptions for malformed chunks.
        raise BadRequest("Send the body whole: this one breaks off or is badly framed.") from error
    if limit is not None and len(data) > limit:
        raise RequestEntityTooLarge
    if request.content_length not in (None, len(data)):
        raise BadRequest("Send as many bytes as Content-Length says.")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        raise UnsupportedCoding("Send the body without a content coding.")
    content_type = environ.get("CONTENT_TYPE", "")
    decoder = declared.decoders.get(content_type.partition(";")[0].strip(" \t").lower())
    if decoder is None:
        if data or content_type or declared.required:
            raise UnsupportedMediaType
        return RawBody(data, lambda *_: None, content_type)
    return RawBody(data, decoder, content_type)
