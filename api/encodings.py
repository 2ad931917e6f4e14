"""The encodings of a body, decoded to the letter: `ValueError` says what isn't well formed."""

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

FILE = object()
"""Stands for what came as a file."""

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def urlencoded(body: bytes, _: Mapping[str, str] = {}) -> list[tuple[str, str]]:
    if _BAD_ESCAPE.search(body):
        raise ValueError("Write each % that starts no escape as %25.")
    pairs = (pair.partition(b"=") for pair in body.replace(b"+", b" ").split(b"&") if pair)
    return [(unquote_to_bytes(n).decode(), unquote_to_bytes(t).decode()) for n, _, t in pairs]


def json_object(body: bytes, _: Mapping[str, str] = {}) -> dict[str, Any]:
    decoded = json_text(body.decode())
    if not isinstance(decoded, dict):
        raise ValueError("Send a JSON object.")
    return decoded


def json_text(text: str) -> Any:
    """What a text says that is JSON to RFC 8259's letter, each member once; 1.0 is the integer."""
    try:
        decoded = json.loads(
            text,
            object_pairs_hook=_members,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_number,
        )
    except json.JSONDecodeError:
        raise ValueError("Send JSON that is well formed (RFC 8259).") from None
    except RecursionError:
        raise ValueError("Send JSON that isn't nested so deep.") from None
    json.dumps(decoded, ensure_ascii=False).encode()  # Half a surrogate pair is no text.
    return decoded


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("Give each member of a JSON object once.")
    return members


def _number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("Send JSON numbers that a double can hold.")
    return int(number) if number.is_integer() else number


def _integer(text: str) -> int:
    _number(text)  # A double must hold it, however many digits are kept.
    return int(text)


def multipart(body: bytes, parameters: Mapping[str, str]) -> list[tuple[str, Any]]:
    boundary = parameters.get("boundary", "").encode("ascii")
    if not boundary:
        raise ValueError("Name the boundary of the parts in Content-Type.")
    try:
        return list(_parts(MultipartDecoder(boundary), body))
    except UnicodeError:
        raise
    except ValueError:
        raise ValueError("Send whole multipart/form-data parts, closed by --boundary--.") from None


def _parts(decoder: MultipartDecoder, body: bytes) -> Iterator[tuple[str, Any]]:
    decoder.receive_data(body)
    decoder.receive_data(None)
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Field | File):
            part = event
        # All is there, so a part's data come at once, unless it breaks off. A part whose name
        # can't be read is no field of any form.
        elif isinstance(event, Data) and not event.more_data and part.name is not None:
            yield part.name, FILE if isinstance(part, File) else _text(part, event.data)


def _text(part: Field, content: bytes) -> str:
    _, parameters = parse_options_header(part.headers.get("Content-Type"))
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "us-ascii"):
        raise UnicodeError
    return content.decode()
