"""Whether two schemas accept the same values."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from ..readings import covers
from .pattern_text import alphabet, expression, runs, sample, widths
from .values import fits

Schema = Mapping[str, Any]

_IGNORED = ("format", "nullable", "exclusiveMinimum", "exclusiveMaximum", "readOnly", "writeOnly")
"""Keywords that `covers` ignores, or knows in another form than OpenAPI 3.0."""

_LARGE = 300
_ENDLESS = 0xFFFFFFFF
"""Automata would be slow with a match of a length between these."""


def mean_the_same(one: Schema, other: Schema) -> bool:
    """Return whether both schemas certainly accept the same values."""
    if any(one.get(keyword) != other.get(keyword) for keyword in _IGNORED):
        return False
    patterns = one.get("pattern", ""), other.get("pattern", "")
    if patterns[0] == patterns[1]:
        return covers(one, other) and covers(other, one)
    lengths = one.get("minLength", 0), one.get("maxLength")
    try:
        return not _differ_on_samples(*patterns, lengths) and _match_the_same(*patterns, lengths)
    except ValueError:  # It has a part that can't be compared.
        return False


Lengths = tuple[int, int | None]


def _differ_on_samples(one: str, other: str, lengths: Lengths) -> bool:
    """Return whether only one of the patterns matches a likely text. Automata would be slower."""
    bounds = {"minLength": lengths[0]} | ({} if lengths[1] is None else {"maxLength": lengths[1]})
    left, right = ({**bounds, "pattern": pattern} for pattern in (one, other))
    return any(fits(left, text) != fits(right, text) for text in _near(sample(one), one, other))


def _near(text: str, *patterns: str) -> Iterator[str]:
    """Yield variants of the text: shorter, longer, and with each edge character of the patterns."""
    yield from ("", text[:-1], text[1:], f"{text}{text[-1:]}", f"{text[:1]}{text}", f"{text}{text}")
    edges = {chr(code) for pattern in patterns for run in runs(pattern) for code in run}
    for i in range(len(text)):
        yield from (f"{text[:i]}{character}{text[i + 1 :]}" for character in edges)


@cache
def _match_the_same(one: str, other: str, lengths: Lengths) -> bool:
    """Return whether two patterns match the same texts of these lengths, by their automata.

    Only anchored patterns are compared. Automata are slow with large alphabets, so one character
    stands for all that both patterns treat alike; and with great lengths, so they are left out, and
    the greatest length counts only for patterns with a bound of their own.
    """
    if not all(text.startswith("^") and text.endswith("$") for text in (one, other)):
        return False
    high = max(widths(one)[1], widths(other)[1])
    if lengths[0] > _LARGE or _LARGE < high < _ENDLESS:
        return False
    longest = max(lengths[0], min(high, lengths[1] or high)) if high < _ENDLESS else ""
    parse = import_module("greenery").parse  # Only exactness needs it.
    fits_lengths = parse(f".{{{lengths[0]},{longest}}}").to_fsm()
    kinds = alphabet(one, other)
    languages = [parse(expression(text, kinds)).to_fsm() & fits_lengths for text in (one, other)]
    return bool(languages[0].equivalent(languages[1]))
