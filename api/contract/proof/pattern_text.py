r"""Regular expressions: their character classes, the lengths of their matches, and their text.

They are read as ECMA-262 has them, where `\d`, `\s` and `\w` are short lists of characters.
"""

import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from itertools import chain, pairwise, starmap
from re import _constants as names
from re import _parser
from typing import Any

LAST = 0x10FFFF
"""The last character of Unicode."""

Ranges = tuple[tuple[int, int], ...]
"""The ranges (first, last) of the characters of a class, in order and apart from each other."""

REPEATS = (names.MAX_REPEAT, names.MIN_REPEAT)  # They match the same texts.
_ANCHORS = {names.AT_BEGINNING: "^", names.AT_END: "$"}
_LOOKAROUNDS = {
    (names.ASSERT, 1): "(?=",
    (names.ASSERT_NOT, 1): "(?!",
    (names.ASSERT, -1): "(?<=",
    (names.ASSERT_NOT, -1): "(?<!",
}


@cache
def parsed(pattern: str) -> Any:
    """Return the tree of a pattern. Raises `ValueError` for one that isn't supported."""
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if tree.state.flags != re.UNICODE:
        raise ValueError("It has flags.")
    return tree


def widths(pattern: str) -> tuple[int, int]:
    """Return the least and the greatest length of a match."""
    try:
        low, high = parsed(pattern).getwidth()
    except ValueError:
        return 0, int(names.MAXREPEAT)
    return low, high


def expression(pattern: str, among: Collection[str]) -> str:
    """Return an anchored pattern without its anchors, its classes limited to these characters."""
    return written(parsed(pattern), among)[1:-1]


def sample(pattern: str, times: int = 1) -> str:
    """Return a short text that the pattern matches. Optional parts occur so many times in it.

    It ignores lookarounds.
    """
    return "".join(_sample(kind, value, most=times) for kind, value in parsed(pattern))


def _sample(kind: Any, value: Any, *, most: int) -> str:
    if kind is names.AT or kind in (names.ASSERT, names.ASSERT_NOT):
        return ""
    if kind in (names.LITERAL, names.ANY):
        return "a" if value is None else chr(value)
    if (of_class := as_class(kind, value)) is not None:
        negated, ranges = of_class
        if negated:
            return next(chr(c) for c in range(ord("a"), LAST) if not contains(ranges, c))
        return chr(ranges[0][0])
    if kind is names.SUBPATTERN:
        inner, times = value[3], 1
    elif kind is names.BRANCH:
        inner, times = value[1][0], 1
    elif kind in REPEATS:
        low, high, inner = value
        times = max(low, min(most, high), 1)
    else:
        raise ValueError(f"It has a {kind}.")
    return "".join(_sample(*node, most=most) for node in inner) * times


def runs(pattern: str) -> list[tuple[int, int]]:
    """Return the ranges (first, last) of characters that all classes of the pattern treat alike."""
    cuts = {0, LAST + 1}
    for first, last in chain.from_iterable(_all_classes(parsed(pattern))):
        cuts |= {first, last + 1}
    return [(first, after - 1) for first, after in pairwise(sorted(cuts))]


def alphabet(*patterns: str) -> list[str]:
    """Return one character of each kind that the patterns' classes and literals tell apart."""
    listed = [
        ranges for pattern in patterns for ranges in _all_classes(parsed(pattern), literals=True)
    ]
    edges = {e + step for ranges in listed for pair in ranges for e in pair for step in (-1, 0, 1)}
    first: dict[tuple[bool, ...], str] = {}
    for code in sorted(edges | {ord("k"), 0x1F9A6}):
        if is_character(code):
            first.setdefault(tuple(contains(ranges, code) for ranges in listed), chr(code))
    return list(first.values())


def _all_classes(tree: Any, *, literals: bool = False) -> Iterator[Ranges]:
    """Yield the characters of each class, and each literal if `literals`."""
    for kind, value in tree:
        if kind is names.LITERAL:
            if literals:
                yield ((value, value),)
        elif (of_class := as_class(kind, value)) is not None:
            yield of_class[1]
        elif kind is names.SUBPATTERN:
            yield from _all_classes(value[3], literals=literals)
        elif kind in REPEATS:
            yield from _all_classes(value[2], literals=literals)
        elif kind is names.BRANCH:
            for branch in value[1]:
                yield from _all_classes(branch, literals=literals)


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Return the ranges in order, those that touch each other as one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def others(ranges: Ranges) -> Ranges:
    """Return the ranges of all other characters."""
    edges = [-1, *chain.from_iterable(ranges), LAST + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return tuple((before + 1, after - 1) for before, after in gaps if after - before > 1)


def contains(ranges: Ranges, code: int) -> bool:
    return any(first <= code <= last for first, last in ranges)


def is_character(code: int) -> bool:
    """Return whether it is the code of a character, and not half of a surrogate pair."""
    return 0 <= code <= LAST and not 0xD800 <= code <= 0xDFFF


_DIGITS: Ranges = ((0x30, 0x39),)
_WORDS: Ranges = (*_DIGITS, (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACES: Ranges = (
    *((9, 13), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_CATEGORIES: dict[Any, Ranges] = {
    names.CATEGORY_DIGIT: _DIGITS,
    names.CATEGORY_NOT_DIGIT: others(_DIGITS),
    names.CATEGORY_WORD: _WORDS,
    names.CATEGORY_NOT_WORD: others(_WORDS),
    names.CATEGORY_SPACE: _SPACES,
    names.CATEGORY_NOT_SPACE: others(_SPACES),
}
_MEMBERS: dict[Any, Callable[[Any], Ranges]] = {
    names.LITERAL: lambda code: ((code, code),),
    names.RANGE: lambda pair: (pair,),
    names.CATEGORY: _CATEGORIES.__getitem__,
}


def as_class(kind: Any, value: Any) -> tuple[bool, Ranges] | None:
    """Return the class that the node is: whether it is negated, and its characters."""
    if kind is names.NOT_LITERAL:
        return True, ((value, value),)
    if kind is not names.IN:
        return None
    members = value[1:] if (negated := value[0][0] is names.NEGATE) else value
    return negated, joined(chain.from_iterable(_MEMBERS[k](v) for k, v in members))


def class_of(negated: bool, ranges: Iterable[tuple[int, int]]) -> list[Any]:
    start: list[Any] = [(names.NEGATE, None)] if negated else []
    return start + [(names.RANGE, pair) for pair in joined(ranges)]


def name_of(code: int) -> str:
    return repr(chr(code)) if 0x20 < code < 0x7F else f"U+{code:04X}"


def written(tree: Any, among: Collection[str] = ()) -> str:
    """Return the pattern of a tree. With `among`, its classes list only those characters."""
    return "".join(_node(kind, value, among) for kind, value in tree)


def _node(kind: Any, value: Any, among: Collection[str]) -> str:
    if kind is names.AT and value in _ANCHORS:
        text = _ANCHORS[value]
    elif kind in (names.LITERAL, names.ANY):
        text = "." if value is None else _character(value)
    elif (of_class := as_class(kind, value)) is not None:
        negated, ranges = of_class
        if among:
            codes = [ord(c) for c in among if contains(ranges, ord(c)) != negated]
            negated, ranges = False, joined((code, code) for code in codes)
        text = f"[{'^' if negated else ''}{''.join(starmap(_range, ranges))}]"
    elif kind is names.SUBPATTERN and not (value[1] or value[2]):
        text = f"({written(value[3], among)})"
    elif kind is names.BRANCH:
        text = f"({'|'.join(written(branch, among) for branch in value[1])})"
    elif kind in REPEATS:
        low, high, inner = value
        high = "" if high is names.MAXREPEAT else high
        text = f"({written(inner, among)}){{{low},{high}}}"
    elif kind in (names.ASSERT, names.ASSERT_NOT) and not among:
        text = f"{_LOOKAROUNDS[kind, value[0]]}{written(value[1])})"
    else:
        raise ValueError(f"It has a {kind}.")
    return text


def _range(first: int, last: int) -> str:
    if last - first < 3:
        return "".join(map(_character, range(first, last + 1)))
    return f"{_character(first)}-{_character(last)}"


def _character(code: int) -> str:
    """Return the character, escaped unless every dialect takes it literally."""
    return chr(code) if code > 0xFF or chr(code).isalnum() else f"\\x{code:02x}"
