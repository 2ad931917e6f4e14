"""Patterns as trees: each one that is a notch stricter, looser or different."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from re import _constants as names
from re import _parser
from typing import Any

from .changes import Direction
from .pattern_text import LAST, as_class, characters, class_of, name_of, widths, written

ANCHOR = "an anchor dropped"


@dataclass(frozen=True)
class Notch:
    """A change by one step: the text it leads to, what it is, and which way it goes."""

    value: Any
    change: str
    direction: Direction


def notches(pattern: str, longest: float = inf) -> Iterator[Notch]:
    """Each step from the pattern: at a class's members, a repeat's bounds, a text, an anchor.

    Where no text may be longer than the shortest match, a match is the whole text anyhow.
    """
    tree = list(_parser.parse(pattern))
    anchors_count = longest > widths(pattern)[0]
    if not pattern.startswith("^"):
        yield Notch(f"^{pattern}", "an anchor added", "stricter")
    if not pattern.endswith("$"):
        yield Notch(f"{pattern}$", "an anchor added", "stricter")
    for changed, change, direction in _sequences(tree):
        if anchors_count or change != ANCHOR:
            yield Notch(written(changed), change, direction)


_Step = tuple[Any, str, Direction]


def _sequences(tree: list[Any]) -> Iterator[_Step]:
    for i, node in enumerate(tree):
        for changed, change, direction in _steps(*node):
            yield [*tree[:i], *changed, *tree[i + 1 :]], change, direction


def _steps(kind: Any, value: Any) -> Iterator[_Step]:
    if kind is names.AT:
        yield [], ANCHOR, "looser"
    elif kind is names.LITERAL:
        other = chr(value + 1) if value != ord("z") else "y"
        yield [(names.LITERAL, ord(other))], f"{chr(value)!r} for {other!r}", "different"
    elif kind in (names.IN, names.NOT_LITERAL):
        for members, change, direction in _classes(as_class(kind, value)[1]):
            yield [(names.IN, members)], change, direction
    elif kind is names.SUBPATTERN:
        for inner, change, direction in _sequences(list(value[3])):
            yield [(kind, (*value[:3], inner))], change, direction
    elif kind is names.MAX_REPEAT:
        yield from _repeats(*value)
    elif kind is names.BRANCH:
        yield from _branches(*value)
    else:
        raise NotImplementedError(f"Teach {__name__} to change {kind} in a pattern.")


def _repeats(low: int, high: Any, inner: Any) -> Iterator[_Step]:
    def repeat(low: int, high: Any) -> list[Any]:
        return [(names.MAX_REPEAT, (low, high, inner))]

    endless = high is names.MAXREPEAT
    if low == high:
        yield repeat(low + 1, high + 1), "one more", "different"
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


def _branches(nothing: Any, branches: list[Any]) -> Iterator[_Step]:
    for i, branch in enumerate(branches):
        others = [*branches[:i], *branches[i + 1 :]]
        yield [(names.BRANCH, (nothing, others))], "a branch dropped", "stricter"
        for changed, change, direction in _sequences(list(branch)):
            new = [*branches[:i], changed, *branches[i + 1 :]]
            yield [(names.BRANCH, (nothing, new))], change, direction


def _classes(members: list[Any]) -> Iterator[_Step]:
    """Each member taken out, and each neighbour of a range put in."""
    negated = members[0][0] is names.NEGATE
    narrower: tuple[Direction, Direction] = ("stricter", "looser")
    out, into = reversed(narrower) if negated else narrower
    listed = characters(members)
    for code in sorted(listed if len(listed) > 1 else ()):
        yield class_of(negated, listed - {code}), f"{name_of(code)} out of its class", out
    for code in sorted({c + step for c in listed for step in (-1, 1)} - listed):
        if 0 <= code <= LAST:
            yield class_of(negated, listed | {code}), f"{name_of(code)} into its class", into
