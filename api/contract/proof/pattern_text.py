"""Regular expressions: their character classes, the lengths of their matches, and their text."""

from collections.abc import Collection, Iterator
from itertools import pairwise, starmap
from re import _constants as names
from re import _parser
from typing import Any

LAST = 0x10FFFF
"""The last character of Unicode."""


def widths(pattern: str) -> tuple[int, int]:
    """Return the least and the greatest length of a match."""
    low, high = _parser.parse(pattern).getwidth()
    return low, high


def expression(pattern: str, among: Collection[str]) -> str:
    """Return an anchored pattern without its anchors, its classes limited to these characters."""
    return written(_parser.parse(pattern), among)[1:-1]


def sample(pattern: str) -> str:
    """Return a short text that the pattern matches. Optional parts occur once in it."""
    return "".join(_sample(kind, value) for kind, value in _parser.parse(pattern))


def _sample(kind: Any, value: Any) -> str:
    kind, value = as_class(kind, value)
    if kind is names.AT:
        return ""
    if kind is names.LITERAL:
        return chr(value)
    if kind is names.IN:
        listed = characters(value)
        if value[0][0] is names.NEGATE:
            return next(chr(code) for code in range(ord("a"), LAST) if code not in listed)
        return chr(min(listed))
    if kind is names.SUBPATTERN:
        inner, times = value[3], 1
    elif kind is names.BRANCH:
        inner, times = value[1][0], 1
    elif kind is names.MAX_REPEAT:
        low, _, inner = value
        times = max(low, 1)
    else:
        raise NotImplementedError(f"{__name__} doesn't support samples of {kind}.")
    return "".join(_sample(*node) for node in inner) * times


def runs(pattern: str) -> list[tuple[int, int]]:
    """Return the ranges (first, last) of characters that all classes of the pattern treat alike."""
    cuts = {0, LAST + 1}
    for listed in _all_classes(_parser.parse(pattern)):
        cuts |= {code for code in listed if code - 1 not in listed}
        cuts |= {code + 1 for code in listed if code + 1 not in listed}
    starts = sorted(cuts)
    return [(first, after - 1) for first, after in pairwise(starts)]


def alphabet(*patterns: str) -> list[str]:
    """Return one character of each kind that the patterns' classes and literals tell apart."""
    listed = [
        some for pattern in patterns for some in _all_classes(_parser.parse(pattern), literals=True)
    ]
    edges = {code + step for some in listed for code in some for step in (-1, 0, 1)}
    first: dict[tuple[bool, ...], str] = {}
    for code in sorted(edges | {ord("k"), 0x1F9A6}):
        if 0 <= code <= LAST and not 0xD800 <= code <= 0xDFFF:
            first.setdefault(tuple(code in some for some in listed), chr(code))
    return list(first.values())


def _all_classes(tree: Any, *, literals: bool = False) -> Iterator[set[int]]:
    """Yield the characters of each class, and each literal if `literals`."""
    for kind, value in starmap(as_class, tree):
        if kind is names.IN:
            yield characters(value)
        elif kind is names.LITERAL and literals:
            yield {value}
        elif kind is names.SUBPATTERN:
            yield from _all_classes(value[3], literals=literals)
        elif kind is names.MAX_REPEAT:
            yield from _all_classes(value[2], literals=literals)
        elif kind is names.BRANCH:
            for branch in value[1]:
                yield from _all_classes(branch, literals=literals)


def characters(members: list[Any]) -> set[int]:
    """Return all characters of a class, which should have short ranges."""
    listed: set[int] = set()
    for kind, value in members:
        if kind is names.LITERAL:
            listed.add(value)
        elif kind is names.RANGE:
            listed.update(range(value[0], value[1] + 1))
        elif kind is not names.NEGATE:
            raise NotImplementedError(f"{__name__} doesn't support {kind} in a class.")
    return listed


def class_of(negated: bool, listed: set[int]) -> list[Any]:
    start: list[Any] = [(names.NEGATE, None)] if negated else []
    return start + [(names.LITERAL, code) for code in sorted(listed)]


def as_class(kind: Any, value: Any) -> tuple[Any, Any]:
    """Return the node, as a class if it matches any character but one."""
    return (names.IN, class_of(True, {value})) if kind is names.NOT_LITERAL else (kind, value)


def name_of(code: int) -> str:
    return repr(chr(code)) if 0x20 < code < 0x7F else f"U+{code:04X}"


def written(tree: Any, among: Collection[str] = ()) -> str:
    """Return the pattern of a tree. With `among`, its classes list only those characters."""
    return "".join(_node(kind, value, among) for kind, value in tree)


def _node(kind: Any, value: Any, among: Collection[str]) -> str:
    kind, value = as_class(kind, value)
    if kind is names.AT and value in (names.AT_BEGINNING, names.AT_END):
        return "^" if value is names.AT_BEGINNING else "$"
    if kind is names.LITERAL:
        return _character(value)
    if kind is names.IN:
        negated, listed = value[0][0] is names.NEGATE, characters(value)
        if among:
            listed, negated = {ord(c) for c in among if (ord(c) in listed) != negated}, False
        return f"[{'^' if negated else ''}{''.join(map(_character, sorted(listed)))}]"
    if kind is names.SUBPATTERN:
        return f"({written(value[3], among)})"
    if kind is names.BRANCH:
        return f"({'|'.join(written(branch, among) for branch in value[1])})"
    if kind is not names.MAX_REPEAT:
        raise NotImplementedError(f"{__name__} doesn't support {kind}.")
    low, high, inner = value
    high = "" if high is names.MAXREPEAT else high
    return f"({written(inner, among)}){{{low},{high}}}"


def _character(code: int) -> str:
    """Return the character, escaped unless every dialect takes it literally."""
    return chr(code) if code > 0xFF or chr(code).isalnum() else f"\\x{code:02x}"
