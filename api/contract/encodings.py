"""Decoders of request bodies. Each raises `ValueError` with a message for the client.

Ambiguous bodies, which other programs may read differently, are refused.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any
from urllib.parse import unquote_to_bytes

UTF_8 = frozenset(
    ["utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8"]
)
"""The labels of UTF-8, in lower case (WHATWG Encoding, section 4.2)."""


@dataclass(frozen=True)
class NoText:
    """The value of a field without a valid text. `message` is for the client."""

    message: str


@dataclass(frozen=True)
class Upload(NoText):
    """A file of a multipart form. Its `filename` is the client's: use no path from it."""

    filename: str
    content_type: str
    data: bytes


_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # RFC 9110, section 5.6.2
is_token = re.compile(_WORD).fullmatch
_PARAMETER = re.compile(rf';[ \t;]*(?:({_WORD})=(?:({_WORD})|"([^"]*)"))?[ \t]*')


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """Split a header field's value into what precedes the first semicolon, and its parameters.

    Names are in lower case (RFC 9110, section 5.6.6). A quoted value ends at the first quotation
    mark, as browsers write it (WHATWG HTML, section 4.10.22.8). Raises `ValueError` for parameters
    that other programs may read otherwise: malformed, repeated or extended (RFC 2231) ones.
    `filename*` is an exception, because .NET's clients send it with every `filename`.
    """
    first, semicolon, rest = value.partition(";")
    found: dict[str, str] = {}
    rest, position = semicolon + rest, 0
    while position < len(rest):
        parameter = _PARAMETER.match(rest, position)
        name = (parameter[1] or "").lower() if parameter else ""
        if not parameter or name in found or ("*" in name and name != "filename*"):
            raise ValueError("Write each parameter of a header field once, as name=value.")
        if name:
            found[name] = parameter[2] or parameter[3] or ""
        position = parameter.end()
    return first.strip(" \t"), found


def codec(given: Mapping[str, str]) -> str:
    """Return the Python codec for a media type with these parameters. Raises `ValueError`."""
    label = given.get("charset", "utf-8").lower()
    if label in UTF_8:
        return "utf-8"
    if label == "us-ascii":
        return "ascii"
    raise ValueError("Send text in UTF-8, and leave charset out or set it to utf-8.")


def urlencoded(body: bytes, content_type: str = "") -> list[tuple[str, str]]:
    """Decode a form in application/x-www-form-urlencoded, or a query: its names and texts."""
    charset = codec(parameters(content_type)[1])
    if _BAD_ESCAPE.search(body):
        raise ValueError("Write each % that starts no escape as %25.")
    pairs = (pair.partition(b"=") for pair in body.replace(b"+", b" ").split(b"&") if pair)
    decoded = [[unquote_to_bytes(b).decode(charset) for b in (n, t)] for n, _, t in pairs]
    return check_charset([(name, text) for name, text in decoded])


def json_object(body: bytes, content_type: str = "") -> dict[str, Any]:
    """Decode a JSON object: its members."""
    decoded = json_text(body.decode(codec(parameters(content_type)[1])))
    if not isinstance(decoded, dict):
        raise ValueError("Send a JSON object.")
    return decoded


def json_array(body: bytes, content_type: str = "") -> list[Any]:
    """Decode a JSON array: its items."""
    decoded = json_text(body.decode(codec(parameters(content_type)[1])))
    if not isinstance(decoded, list):
        raise ValueError("Send a JSON array.")
    return decoded


def json_text(text: str) -> Any:
    """Return the value of a JSON text (RFC 8259). Raises `ValueError`, also for repeated members.

    A number without a fraction, such as 1.0, is an integer.
    """
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
        raise ValueError("Send JSON that is nested less deeply.") from None
    json.dumps(decoded, ensure_ascii=False).encode()  # Raises for half a surrogate pair.
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
    _number(text)  # Raises for an integer that is too large for a double.
    return int(text)


def check_charset(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the pairs, after a check of the field `_charset_` (RFC 7578, section 4.6)."""
    for name, text in pairs:
        if name == "_charset_" and text:
            codec({"charset": str(text)})
    return pairs
