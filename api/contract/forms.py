"""The media types of a form, with their decoders."""

from collections.abc import Callable, Mapping
from typing import Any

from .encodings import urlencoded
from .multipart import multipart

Decoder = Callable[[bytes, str], Any]
"""Decodes bytes by their `Content-Type`. Raises `ValueError` with a message for the client."""

MULTIPART = "multipart/form-data"
FORM: Mapping[str, Decoder] = {
    "application/x-www-form-urlencoded": urlencoded,
    MULTIPART: multipart,
}
