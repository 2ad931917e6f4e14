"""The two encodings of a form, decoded to the letter: `ValueError` says what isn't well formed."""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def urlencoded(body: bytes) -> Iterator[tuple[str, str]]:
    if _BAD_ESCAPE.search(body):
        raise ValueError("Write each % that starts no escape as %25.")
    for pair in body.replace(b"+", b" ").split(b"&"):
        if pair:
            name, _, text = pair.partition(b"=")
            yield unquote_to_bytes(name).decode(), unquote_to_bytes(text).decode()


def multipart(body: bytes, boundary: bytes) -> Iterator[tuple[str, str | None]]:
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
