"""Whether a change of a schema changes nothing: where both take the same values, by rule."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from greenery import parse

from tests.proof.document import covers, fits
from tests.proof.pattern_text import expression, runs

Schema = Mapping[str, Any]


def mean_the_same(one: Schema, other: Schema) -> bool:
    """Whether both schemas take the same values; no, where that isn't certain."""
    if any(fits(one, text) != fits(other, text) for text in _texts_near(one, other)):
        return False
    if one.get("pattern") != other.get("pattern"):
        return _match_the_same(
            one.get("pattern", ""), other.get("pattern", ""), one.get("minLength", 0)
        )
    return covers(one, other) and covers(other, one)


def _texts_near(one: Schema, other: Schema) -> Iterator[str]:
    """The example, longer, shorter, and with each character that a pattern may tell apart.

    They tell nearly all that differ from each other, and automata are slow.
    """
    example = one.get("examples", [""])[0]
    if one.get("type") != "string" or not example:
        return
    yield from ("", example[:-1], example[1:], example + example[-1], f"{example}{example}")
    edges = {chr(code) for s in (one, other) for run in runs(s.get("pattern", "")) for code in run}
    for i in range(len(example)):
        yield from (f"{example[:i]}{character}{example[i + 1 :]}" for character in edges)


@cache
def _match_the_same(one: str, other: str, shortest: int) -> bool:
    """Whether two patterns match the same texts of at least this length, by their automata.

    Only patterns of whole texts are compared.
    """
    if not all(text.startswith("^") and text.endswith("$") for text in (one, other)):
        return False
    long_enough = parse(f".{{{shortest},}}")
    languages = [parse(expression(text)) & long_enough for text in (one, other)]
    return bool(languages[0].equivalent(languages[1]))
