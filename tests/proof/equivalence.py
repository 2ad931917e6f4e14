"""Whether a change of a schema changes nothing: where both take the same values, by rule."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from greenery import parse

from tests.proof.document import covers, fits
from tests.proof.pattern_text import alphabet, expression, runs, sample

Schema = Mapping[str, Any]


def mean_the_same(one: Schema, other: Schema) -> bool:
    """Whether both schemas take the same values; no, where that isn't certain."""
    patterns = one.get("pattern", ""), other.get("pattern", "")
    if patterns[0] != patterns[1]:
        shortest = one.get("minLength", 0)
        return not _told_apart(*patterns, shortest) and _match_the_same(*patterns, shortest)
    if one.get("format") != other.get("format"):  # Which coverage leaves aside.
        return False
    return covers(one, other) and covers(other, one)


def _told_apart(one: str, other: str, shortest: int) -> bool:
    """Whether a text shows that the patterns differ: automata are slow, and nearly all do."""
    left, right = ({"minLength": shortest, "pattern": pattern} for pattern in (one, other))
    return any(fits(left, text) != fits(right, text) for text in _near(sample(one), one, other))


def _near(text: str, *patterns: str) -> Iterator[str]:
    """The text, longer, shorter, and with each character that a pattern may treat otherwise."""
    yield from ("", text[:-1], text[1:], f"{text}{text[-1:]}", f"{text[:1]}{text}", f"{text}{text}")
    edges = {chr(code) for pattern in patterns for run in runs(pattern) for code in run}
    for i in range(len(text)):
        yield from (f"{text[:i]}{character}{text[i + 1 :]}" for character in edges)


@cache
def _match_the_same(one: str, other: str, shortest: int) -> bool:
    """Whether two patterns match the same texts of at least this length, by their automata.

    Only patterns of whole texts are compared, over one character of each kind that they tell apart,
    because automata are slow with large alphabets.
    """
    if not all(text.startswith("^") and text.endswith("$") for text in (one, other)):
        return False
    long_enough = parse(f".{{{shortest},}}").to_fsm()
    kinds = alphabet(one, other)
    languages = [parse(expression(text, kinds)).to_fsm() & long_enough for text in (one, other)]
    return bool(languages[0].equivalent(languages[1]))
