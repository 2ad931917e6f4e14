"""Content negotiation by `Accept` (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from werkzeug.http import parse_list_header, parse_options_header

from .encodings import UTF_8

_QUALITY = re.compile("0([.][0-9]{0,3})?|1([.]0{0,3})?")  # RFC 9110, section 12.4.2


class _Range(NamedTuple):
    """A media range of an `Accept` header, with its quality and its position in the header."""

    type: str
    subtype: str
    quality: float
    place: int

    def covers(self, media_type: str) -> bool:
        kind, subtype = media_type.split("/")
        return self.type in ("*", kind) and self.subtype in ("*", subtype)


def _ranges(accept: str) -> Iterator[_Range]:
    for place, item in enumerate(parse_list_header(accept)):
        name, parameters = parse_options_header(item)
        kind, *rest = name.strip().lower().split("/")
        quality = parameters.pop("q", "1")
        # All representations are in UTF-8, and have no other parameters.
        fits = parameters.pop("charset", "utf-8").lower() in UTF_8 and not parameters
        is_valid = len(rest) == 1 and fits and _QUALITY.fullmatch(quality)
        if is_valid and (kind != "*" or rest == ["*"]):
            yield _Range(kind, rest[0], float(quality), place)


LONGEST_ACCEPT = 4096
"""How many characters of an `Accept` are parsed. Browsers send about 200."""


def choose(produces: tuple[str, ...], accept: str | None) -> str | None:
    """Return the media type that the client prefers, or None if it accepts none of `produces`.

    Without a preference, return the first. The quality of a media type is that of the most specific
    range that covers it. Of equal qualities, the range that the client named first wins. Malformed
    ranges are ignored, and so are all after `LONGEST_ACCEPT` characters, because of the time that
    parsing takes.
    """
    if accept and len(accept) > LONGEST_ACCEPT:
        accept = accept[:LONGEST_ACCEPT].rpartition(",")[0] or ","
    return _choose(produces, accept)


@lru_cache(256)
def _choose(produces: tuple[str, ...], accept: str | None) -> str | None:
    ranges = list(_ranges((accept or "").strip() or "*/*"))

    def preference(media_type: str) -> tuple[float, ...]:
        covering = [r for r in ranges if r.covers(media_type)]
        most_specific = max(covering, key=lambda r: (r.type != "*", r.subtype != "*"), default=None)
        return (most_specific.quality, -most_specific.place) if most_specific else (0,)

    return max((m for m in produces if preference(m)[0] > 0), key=preference, default=None)
