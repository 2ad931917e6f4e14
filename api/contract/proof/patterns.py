"""Mutations of regular expressions, made on their parse trees."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from math import inf
from re import _constants as names
from typing import Any

from .changes import Direction
from .pattern_text import (
    REPEATS,
    Ranges,
    as_class,
    class_of,
    contains,
    is_character,
    joined,
    name_of,
    others,
    parsed,
    widths,
    written,
)

ANCHOR = "an anchor dropped"
_MOST = 256
"""Of a class with more characters, only the ends of its ranges are mutated."""


@dataclass(frozen=True)
class PatternMutation:
    """A mutated pattern, with the description and the direction of its one change."""

    pattern: str
    change: str
    direction: Direction


def pattern_mutations(pattern: str, longest: float = inf) -> Iterator[PatternMutation]:
    """Yield each mutation: of a member of a class, a bound of a repeat, a character, an anchor.

    If the `longest` valid text is as short as the shortest match, anchors make no difference.
    Raises `ValueError` for a pattern that isn't supported.
    """
    tree = list(parsed(pattern))
    written(tree)  # Raises for a part that can't be written.
    anchors_count = longest > widths(pattern)[0]
    if not pattern.startswith("^"):
        yield PatternMutation(f"^{pattern}", "an anchor added", "stricter")
    if not pattern.endswith("$"):
        yield PatternMutation(f"{pattern}$", "an anchor added", "stricter")
    for changed, change, direction in _sequences(tree):
        if anchors_count or change != ANCHOR:
            yield PatternMutation(written(changed), change, direction)


_Mutation = tuple[Any, str, Direction]
"""A mutated tree, and the description and the direction of its change."""


def _sequences(tree: list[Any]) -> Iterator[_Mutation]:
    for i, node in enumerate(tree):
        for changed, change, direction in _steps(*node):
            yield [*tree[:i], *changed, *tree[i + 1 :]], change, direction


def _steps(kind: Any, value: Any) -> Iterator[_Mutation]:
    if kind is names.AT:
        yield [], ANCHOR, "looser"
    elif kind is names.LITERAL:
        other = value + 1 if value != ord("z") and is_character(value + 1) else ord("y")
        change = f"{chr(value)!r} for {chr(other)!r}"
        yield [(names.LITERAL, other)], change, "different"
    elif kind in (names.IN, names.NOT_LITERAL):
        for members, change, direction in _classes(*(as_class(kind, value) or (False, ()))):
            yield [(names.IN, members)], change, direction
    elif kind is names.SUBPATTERN:
        for inner, change, direction in _sequences(list(value[3])):
            yield [(kind, (*value[:3], inner))], change, direction
    elif kind in REPEATS:
        yield from _repeats(*value)
    elif kind is names.BRANCH:
        yield from _branches(*value)
    else:
        part = "." if kind is names.ANY else "a lookaround"
        yield [], f"{part} in a pattern", "unknown"


def _repeats(low: int, high: Any, inner: Any) -> Iterator[_Mutation]:
    def repeat(low: int, high: Any) -> list[Any]:
        return [(names.MAX_REPEAT, (low, high, inner))]

    endless = high is names.MAXREPEAT
    if low == high:
        yield repeat(low + 1, high + 1), "one more", "different"
        if low:
            yield repeat(low - 1, high - 1), "one fewer", "different"
    else:
        yield repeat(low + 1, high), "at least one more", "stricter"
        if low:
            yield repeat(low - 1, high), "one fewer will do", "looser"
        if endless:
            yield repeat(low, max(low, 1)), "at most one", "stricter"
        else:
            yield repeat(low, high - 1), "at most one fewer", "stricter"
            yield repeat(low, high + 1), "one more allowed", "looser"
    for changed, change, direction in _sequences(list(inner)):
        yield [(names.MAX_REPEAT, (low, high, changed))], change, direction


def _branches(nothing: Any, branches: list[Any]) -> Iterator[_Mutation]:
    for i, branch in enumerate(branches):
        rest = [*branches[:i], *branches[i + 1 :]]
        yield [(names.BRANCH, (nothing, rest))], "a branch dropped", "stricter"
        for changed, change, direction in _sequences(list(branch)):
            new = [*branches[:i], changed, *branches[i + 1 :]]
            yield [(names.BRANCH, (nothing, new))], change, direction


def _classes(negated: bool, ranges: Ranges) -> Iterator[_Mutation]:
    """Yield the class without each member, and with each neighbour of its ranges."""
    narrower: tuple[Direction, Direction] = ("stricter", "looser")
    out, into = reversed(narrower) if negated else narrower
    size = sum(last - first + 1 for first, last in ranges)
    members = chain.from_iterable(
        range(first, last + 1) if size <= _MOST else {first: 0, last: 0} for first, last in ranges
    )
    for code in members if size > 1 else ():
        rest = others(joined([*others(ranges), (code, code)]))
        yield class_of(negated, rest), f"{name_of(code)} out of its class", out
    edges = {edge + step for pair in ranges for edge in pair for step in (-1, 1)}
    for code in sorted(edges):
        if is_character(code) and not contains(ranges, code):
            more = [*ranges, (code, code)]
            yield class_of(negated, more), f"{name_of(code)} into its class", into
