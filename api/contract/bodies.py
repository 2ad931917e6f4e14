"""Reading a body strictly: what can't be read to the byte is refused, never altered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

from .encodings import json_object, urlencoded
from .inputs import valid, valid_texts
from .multipart import multipart
from .once import once_per_request

Decoder = Callable[[bytes, str], Any]
"""Decodes bytes by their `Content-Type`. Raises `ValueError` with a sentence for the client."""

FORM: Mapping[str, Decoder] = {
    "application/x-www-form-urlencoded": urlencoded,
    "multipart/form-data": multipart,
}
"""The media types of a form, each with what decodes it."""


class UnsupportedCoding(UnsupportedMediaType):
    """A content coding that isn't spoken here; the answer names the one that is."""

    def get_headers(self, *_: Any, **__: Any) -> list[tuple[str, str]]:
        return [*super().get_headers(), ("Accept-Encoding", "identity")]


def decoded(decoder: Decoder, data: bytes, content_type: str = "") -> Any:
    """Return what `data` holds. Raises `BadRequest`."""
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
    """A body that is of a size and type to be decoded."""

    data: bytes
    decoder: Decoder
    content_type: str

    @cached_property
    def content(self) -> Any:
        """The pairs of a form, or the members of a JSON object."""
        return decoded(self.decoder, self.data, self.content_type)


@dataclass(frozen=True)
class RequestBody:
    """A body that an operation takes: the view's name for it, its media types and its schema."""

    name: str
    decoders: Mapping[str, Decoder]
    load: Callable[[Schema, Any], dict[str, Any]]
    schema: Schema

    @classmethod
    def form(cls, schema: Schema) -> "RequestBody":
        return cls("form", FORM, valid_texts, schema)

    @classmethod
    def json(cls, schema: Schema) -> "RequestBody":
        return cls("json", {"application/json": json_object}, valid, schema)

    def read(self) -> RawBody:
        """The request's body, once it is known to be of a size and type that is taken.

        Read once however often it is asked for, refusals too: what is left of a body that broke off
        would look whole. Raises `RequestEntityTooLarge`, `UnsupportedMediaType` or `BadRequest`.
        """
        request = request_ctx.request
        body: RawBody = once_per_request("contract.body", lambda: _read(request, self.decoders))
        return body


def _read(request: Request, decoders: Mapping[str, Decoder]) -> RawBody:
    environ = request.environ  # Quicker than `headers`, and this is asked of every form.
    refuse_transfer_coding(environ)
    limit = request.max_content_length
    if limit is not None:
        # Werkzeug refuses a chunked body of exactly its maximum, so that is set one higher.
        request.max_content_length = limit + 1
    try:
        data = request.get_data()
    except RequestEntityTooLarge:
        raise
    except Exception as error:  # Each server has errors of its own for chunks it can't read.
        raise BadRequest("Send the body whole: this one breaks off or is badly framed.") from error
    if limit is not None and len(data) > limit:
        raise RequestEntityTooLarge
    if request.content_length not in (None, len(data)):
        raise BadRequest("Send as many bytes as Content-Length says.")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        raise UnsupportedCoding("Send the body without a content coding.")
    content_type = environ.get("CONTENT_TYPE", "")
    decoder = decoders.get(content_type.partition(";")[0].strip(" \t").lower())
    if decoder is None:
        raise UnsupportedMediaType
    return RawBody(data, decoder, content_type)
