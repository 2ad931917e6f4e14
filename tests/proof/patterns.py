"""Patterns as trees: each one that is a notch stricter, looser or different."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from re import _constants as names
from re import _parser
from typing import Any, Literal

Direction = Literal["stricter", "looser", "different"]
_LAST = 0x10FFFF
ANCHOR = "an anchor dropped"


@dataclass(frozen=True)
class Notch:
    """A change by one step: the text it leads to, what it is, and which way it goes."""

    value: Any
    change: str
    direction: Direction


def widths(pattern: str) -> tuple[int, int]:
    """The fewest and the most characters of what the pattern matches."""
    low, high = _parser.parse(pattern).getwidth()
    return low, high


def notches(pattern: str, longest: float = inf) -> Iterator[Notch]:
    """Each step from the pattern: at a class's members, a repeat's bounds, a text, an anchor.

    Where no text may be longer than the shortest match, a match is the whole text anyhow.
    """
    tree = list(_parser.parse(pattern))
    anchors_count = longest > widths(pattern)[0]
    for changed, change, direction in _sequences(tree):
        if anchors_count or change != ANCHOR:
            yield Notch(_written(changed), change, direction)


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
    elif kind is names.IN:
        for members, change, direction in _classes(value):
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
    out, into = ("looser", "stricter") if negated else ("stricter", "looser")
    listed = characters(members)
    for code in sorted(listed):
        yield _class(negated, listed - {code}), f"{_name(code)} out of its class", out  # type: ignore[misc]
    for code in sorted({c + step for c in listed for step in (-1, 1)} - listed):
        if 0 <= code <= _LAST:
            yield _class(negated, listed | {code}), f"{_name(code)} into its class", into  # type: ignore[misc]


def characters(members: list[Any]) -> set[int]:
    """The characters that a class lists; ranges as long as scripts aren't meant to be here."""
    listed: set[int] = set()
    for kind, value in members:
        if kind is names.LITERAL:
            listed.add(value)
        elif kind is names.RANGE:
            listed.update(range(value[0], value[1] + 1))
        elif kind is not names.NEGATE:
            raise NotImplementedError(f"Teach {__name__} to read {kind} in a class.")
    return listed


def _class(negated: bool, listed: set[int]) -> list[Any]:
    start: list[Any] = [(names.NEGATE, None)] if negated else []
    return start + [(names.LITERAL, code) for code in sorted(listed)]


def _name(code: int) -> str:
    return repr(chr(code)) if 0x20 < code < 0x7F else f"U+{code:04X}"


def _written(tree: Any) -> str:
    return "".join(_node(kind, value) for kind, value in tree)


def _node(kind: Any, value: Any) -> str:
    if kind is names.AT:
        return "^" if value is names.AT_BEGINNING else "$"
    if kind is names.LITERAL:
        return _character(value)
    if kind is names.IN:
        negated = value[0][0] is names.NEGATE
        return f"[{'^' if negated else ''}{''.join(map(_character, sorted(characters(value))))}]"
    if kind is names.SUBPATTERN:
        return f"({_written(value[3])})"
    if kind is names.BRANCH:
        return f"({'|'.join(map(_written, value[1]))})"
    low, high, inner = value
    high = "" if high is names.MAXREPEAT else high
    return f"({_written(inner)}){{{low},{high}}}"


def _character(code: int) -> str:
    """As every dialect reads it, also where it would mean something else."""
    return chr(code) if code > 0xFF or chr(code).isalnum() else f"\\x{code:02x}"


def expression(pattern: str) -> str:
    """A pattern of whole texts without its anchors, in what every dialect reads alike."""
    return _written(_parser.parse(pattern))[1:-1]


def runs(pattern: str) -> list[tuple[int, int]]:
    """The characters in runs that the pattern's classes treat alike: first and last of each."""
    cuts = {0, _LAST + 1}
    for listed in _all_classes(_parser.parse(pattern)):
        cuts |= {code for code in listed if code - 1 not in listed}
        cuts |= {code + 1 for code in listed if code + 1 not in listed}
    starts = sorted(cuts)
    return [(first, after - 1) for first, after in pairwise(starts)]


def _all_classes(tree: Any) -> Iterator[set[int]]:
    for kind, value in tree:
        if kind is names.IN:
            yield characters(value)
        elif kind is names.SUBPATTERN:
            yield from _all_classes(value[3])
        elif kind is names.MAX_REPEAT:
            yield from _all_classes(value[2])
        elif kind is names.BRANCH:
            for branch in value[1]:
                yield from _all_classes(branch)
