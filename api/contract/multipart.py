"""The decoder of multipart/form-data (RFC 7578), which refuses ambiguous bodies."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from .encodings import NoText, Upload, check_charset, codec, is_token, parameters

NOT_A_FILE = "Give this field as text, not as a file."
AMBIGUOUS = NoText("Write this field's name in plain letters, without backslash or single quotes.")

# RFC 2046 allows 70 characters, but clients such as Werkzeug's write some more.
_is_boundary = re.compile(r"[0-9A-Za-z'()+_,./:=? -]*[0-9A-Za-z'()+_,./:=?-]").fullmatch
# Some programs drop a backslash or single quotes, or end a name at a control character.
_DROPPED = re.compile(r"\\|\A'|'\Z|[\x00-\x1f\x7f].*", re.DOTALL)


def multipart(body: bytes, content_type: str) -> list[tuple[str, Any]]:
    """Decode a form in multipart/form-data (RFC 7578) to names and texts or files.

    Line ends are CRLF. Text before the first part and after the last is ignored (RFC 2046).
    """
    _, given = parameters(content_type)
    codec(given)
    if not _is_boundary(boundary := given.get("boundary", "")):
        raise ValueError(
            "Give Content-Type a boundary of letters, digits and '()+_,-./:=? (RFC 2046)."
        )
    parts = _parts(body, f"--{boundary}".encode())
    return check_charset([pair for part in parts for pair in _pairs(part)])


def _parts(body: bytes, delimiter: bytes) -> list[bytes]:
    """Split the body at the lines that begin with the delimiter (RFC 2046, section 5.1.1)."""
    lines = body.split(b"\r\n")
    at = [number for number, line in enumerate(lines) if line.startswith(delimiter)]
    *begins, end = [lines[n].removeprefix(delimiter).rstrip(b" \t") for n in at] or [b""]
    # After a single CR or LF, some programs read a delimiter, and others read content.
    odd = body.count(b"\r" + delimiter) + body.count(b"\n" + delimiter)
    if any(begins) or end != b"--" or odd != body.count(b"\r\n" + delimiter):
        raise ValueError(
            "Begin each multipart/form-data part with a line --boundary, end the last with a line "
            "--boundary--, and end lines in CRLF."
        )
    return [b"\r\n".join(lines[begin + 1 : end]) for begin, end in pairwise(at)]


def _pairs(part: bytes) -> Iterator[tuple[str, Any]]:
    """Yield the name and text of a part, and the name that other programs may read instead."""
    # A part may end with its header fields (RFC 2046, section 5.1.1): then its text is empty.
    head, blank, content = (part + b"\r\n").partition(b"\r\n\r\n")
    fields: dict[str, str] = {}
    for line in head.decode().split("\r\n"):
        name, colon, value = line.partition(":")
        if not blank or not colon or not is_token(name) or re.search("[\r\n]", value):
            raise ValueError("Begin each part with lines Name: value that end in CRLF, then CRLF.")
        if name.lower() in fields:
            raise ValueError("Give each header field of a part once.")
        fields[name.lower()] = value.strip(" \t")
    kind, disposition = parameters(fields.get("content-disposition", ""))
    if kind.lower() != "form-data" or "name" not in disposition:
        raise ValueError('Give each part a Content-Disposition: form-data; name="…".')
    transfer_encoding = fields.get("content-transfer-encoding", "binary").lower()
    if transfer_encoding not in ("7bit", "8bit", "binary"):
        raise ValueError("Send each part as it is, without Content-Transfer-Encoding.")
    if fields.get("content-encoding", "identity").lower() != "identity":
        raise ValueError("Send each part as it is, without Content-Encoding.")
    media_type, more = parameters(fields.get("content-type", "text/plain"))
    if media_type.lower().startswith("multipart/"):
        raise ValueError("Send each file as a part of its own, not within multipart/mixed.")
    is_file = not disposition.keys().isdisjoint(("filename", "filename*"))
    name = disposition["name"]
    for escaped, meant in ("%22", '"'), ("%0D", "\r"), ("%0A", "\n"):
        name = name.replace(escaped, meant)  # WHATWG HTML, section 4.10.22.8
    file = Upload(NOT_A_FILE, disposition.get("filename", ""), media_type, content[:-2])
    yield name, file if is_file else file.data.decode(codec(more))
    if (other := _DROPPED.sub("", disposition["name"])) != disposition["name"]:
        yield other, AMBIGUOUS
