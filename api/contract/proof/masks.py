"""Values of requests and responses in files and messages, where secrets are masked."""

import re
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from ..places import part_at
from ..readings import Place
from .exchanges import Exchange, Form, Unreadable
from .values import is_json

_SECRET = re.compile(r"authorization|cookie|password|secret|token|key\b", re.IGNORECASE)
"""Matches the names of headers, fields, members and parameters that hold a secret."""
_PAIR = re.compile(r"(?<=[?&#])[^?&#=]+=[^&#>\s]*")  # In the query or fragment of a URL.
MASK = "***"
_SHOWN = re.compile("\x02(.*?)\x03", re.DOTALL)
_LONGEST = 200


def shown(*values: Any) -> str:
    """Return the values for a message, marked so that `without_values` finds them."""
    return f"\x02{'; '.join(dict.fromkeys(map(repr, values)))[:_LONGEST]}\x03"


def said(faults: list[tuple[Place, str]]) -> str:
    """Return each fault once, with its place. The causes leave indexes in it out."""
    texts = []
    for place, text in faults:
        names = "/".join(shown(name) if isinstance(name, int) else name for name in place)
        texts.append(f"{names}: {text}" if names else text)
    return "; ".join({without_values(text): text for text in texts}.values())


def without_marks(text: str) -> str:
    return _SHOWN.sub(r"\1", text)


def without_values(text: str) -> str:
    """Return the text with an ellipsis for each value, but none at its end."""
    return _SHOWN.sub("…", text).removesuffix(": …")


def masked_body(exchange: Exchange) -> Any:
    """Return the masked fields or members. A body that can't be decoded is masked as a whole."""
    if exchange.body == b"":
        return ""
    try:
        body = exchange.read()
    except Unreadable as error:
        return f"{MASK} ({len(exchange.body or b'')} bytes: {error})"
    if isinstance(body, Form):
        return [[name, masked(name, text)] for name, text in body.fields]
    return masked("", body.value)


def masked_content(exchange: Exchange) -> Any:
    """Return the masked value of JSON, or a text that names no secret, else the length."""
    with suppress(ValueError):
        content = exchange.decoded_content
        if is_json(exchange.media_type) and content is not exchange.content:
            return masked("", content)
        if isinstance(content, str) and not _SECRET.search(content):
            return content
    return f"{MASK} ({len(exchange.content)} bytes)" if exchange.content else ""


def masked_part(exchange: Exchange, place: Place) -> Any:
    """Return the masked part of the response's JSON content at this place."""
    with suppress(LookupError, TypeError, ValueError):
        return part_at(masked_content(exchange), place)
    return MASK


def masked_header(name: str, value: str) -> str:
    """Return the value with secrets masked, also those in the query of a URL."""
    return _PAIR.sub(lambda pair: masked_pair(pair[0]), masked(name, value))


def masked(name: str, value: Any) -> Any:
    """Return the value, masked if it has no name, or if a name in it is that of a secret."""
    if _SECRET.search(name) or not (name or isinstance(value, (dict, list))):
        return MASK
    if isinstance(value, dict):
        # The errors of pydantic have an invalid value as `input`, and its place as `loc`.
        names = {"input": f"input {value.get('loc')}"}
        return {key: masked(names.get(key) or key, item) for key, item in value.items()}
    return [masked(name, v) for v in value] if isinstance(value, list) else value


def masked_pair(pair: str) -> str:
    """Return a parameter of a query with its value masked, if it is a secret."""
    name, equals, text = pair.partition("=")
    return f"{name}{equals}{masked(unquote(name), text)}" if equals else pair
