"""Which representation a client gets: `Accept` as RFC 9110, section 12.5.1, reads it."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from werkzeug.http import parse_list_header, parse_options_header

from .encodings import UTF_8

_QUALITY = re.compile("0([.][0-9]{0,3})?|1([.]0{0,3})?")  # RFC 9110, section 12.4.2


class _Range(NamedTuple):
    """A media range of an `Accept` header, with its quality and its place in the header."""

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
        # Another parameter names a variant that isn't offered; text is always in UTF-8.
        ours = parameters.pop("charset", "utf-8").lower() in UTF_8 and not parameters
        known = len(rest) == 1 and ours and _QUALITY.fullmatch(quality)
        if known and (kind != "*" or rest == ["*"]):
            yield _Range(kind, rest[0], float(quality), place)


LONGEST_ACCEPT = 4096
"""The characters of an `Accept` that are read. Browsers send some 200."""


def choose(offers: tuple[str, ...], accept: str | None) -> str | None:
    """Return the offered media type that the client prefers, or None if it accepts none of them.

    Without a preference the first offer. The most specific range decides for each offer; a tie of
    qualities goes to the range the client named first. A part that is malformed counts for nothing,
    and so does what follows `LONGEST_ACCEPT` characters, because reading all would take long.
    """
    if accept and len(accept) > LONGEST_ACCEPT:
        accept = accept[:LONGEST_ACCEPT].rpartition(",")[0] or ","
    return _choose(offers, accept)


@lru_cache(256)
def _choose(offers: tuple[str, ...], accept: str | None) -> str | None:
    ranges = list(_ranges((accept or "").strip() or "*/*"))

    def liking(offer: str) -> tuple[float, ...]:
        covering = [r for r in ranges if r.covers(offer)]
        decides = max(covering, key=lambda r: (r.type != "*", r.subtype != "*"), default=None)
        return (decides.quality, -decides.place) if decides else (0,)

    return max((o for o in offers if liking(o)[0] > 0), key=liking, default=None)
