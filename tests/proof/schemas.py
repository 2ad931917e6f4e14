"""A schema's notches: every keyword a step stricter, looser or different."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from tests.proof.patterns import Direction, notches, widths

Place = tuple[str | int, ...]
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One notch: the line that it is about, and what takes the place of what."""

    line: Place
    target: Place
    value: Any
    words: str
    direction: Direction

    def within(self, place: Place, *, turned: bool = False) -> "Change":
        """The same, seen from further out; inside of a `not` stricter is looser."""
        direction = _TURNED[self.direction] if turned else self.direction
        line, target = (*place, *self.line), (*place, *self.target)
        return Change(line, target, self.value, self.words, direction)


# They say something to people, or to programs that like to know, and not what is valid.
ANNOTATIONS = {"description", "examples", "example", "title", "format", "default", "$ref"}
_LEAST, _MOST = ("minLength", "minimum", "minItems"), ("maxLength", "maximum", "maxItems")
_TURNED: dict[Direction, Direction] = {
    "stricter": "looser",
    "looser": "stricter",
    "different": "different",
}
_Notches = Iterator[tuple[Any, str, Direction] | tuple[Any, str, Direction, int]]
"""What a keyword becomes, in words, which way it goes; and which item of a list it is about."""


def changes(schema: Schema, *, texts: bool = False) -> Iterator[Change]:
    """Each change by one notch, here and in the schemas within.

    Where values come as `texts`, as in a form, a query or a header, every value is one.
    """
    for keyword, value in schema.items():
        if keyword in ANNOTATIONS:
            continue
        for new, words, direction, *item in _keyword(schema, keyword, value, texts):
            changed = {k: v for k, v in schema.items() if k != keyword}
            changed |= {} if new is None else {keyword: new}
            yield Change((keyword, *item), (), changed, f"{keyword}: {words}", direction)
        yield from _within(schema, keyword, value, texts)
    for words, more in _not_asked(schema):
        yield Change(("type",), (), {**schema, **more}, f"{words} added", "stricter")


def _keyword(schema: Schema, keyword: str, value: Any, texts: bool) -> _Notches:
    if keyword in _LEAST + _MOST:
        yield from _bound(schema, keyword, value)
    elif keyword == "type":
        yield from _type(schema, value, texts)
    elif keyword == "enum":
        yield from _enum(value)
    elif keyword == "const":
        yield _other(value), repr(_other(value)), "different"
        yield None, "dropped", "looser"
    elif keyword == "pattern":
        yield None, "dropped", "looser"
        for notch in notches(value, schema.get("maxLength", inf)):
            yield notch.value, notch.change, notch.direction
    elif keyword == "required":
        for i, name in enumerate(value):
            yield [n for n in value if n != name] or None, f"{name} dropped", "looser", i
        for name in schema.get("properties", {}).keys() - set(value):
            yield [*value, name], f"{name} added", "stricter"
    elif keyword in ("additionalProperties", "not") and value != {}:
        yield None, "dropped", "looser"
    elif keyword not in ("properties", "items"):
        raise NotImplementedError(f"Teach {__name__} to change {keyword}.")


def _bound(schema: Schema, keyword: str, value: int) -> _Notches:
    """A bound moved by one; a pattern that bounds the length itself leaves no room to move."""
    step = 1 if keyword in _LEAST else -1
    yield value + step, str(value + step), "stricter"
    low, high = widths(schema["pattern"]) if "pattern" in schema else (0, inf)
    idle = {"minLength": low >= value, "maxLength": high <= value}.get(keyword, False)
    if not idle and (value or keyword in ("minimum", "maximum")):
        yield value - step, str(value - step), "looser"


def _type(schema: Schema, value: Any, texts: bool) -> _Notches:
    if isinstance(value, list):
        for i, kind in enumerate(value):
            yield [k for k in value if k != kind], f"{kind} dropped", "stricter", i
        return
    other = "integer" if value == "string" else "string"
    yield other, f"{other} for {value}", "looser" if texts and other == "string" else "different"
    # What is listed is of its type anyhow.
    if not texts and not {"enum", "const"} & schema.keys():
        yield [value, "null"], "null allowed", "looser"


def _enum(members: list[Any]) -> _Notches:
    for i, member in enumerate(members):
        others = [m for m in members if m != member]
        if others:
            yield others, f"{member!r} dropped", "stricter", i
        if (other := _other(member)) not in members:
            yield [*others, other], f"{other!r} for {member!r}", "different", i
            yield [*members, other], f"{other!r} added", "looser", i


def _other(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else f"{value}0"


def _within(schema: Schema, keyword: str, value: Any, texts: bool) -> Iterator[Change]:
    inner: dict[Place, Schema] = {}
    if keyword == "properties":
        closed = schema.get("additionalProperties") is False
        for name in value:
            rest = {n: s for n, s in value.items() if n != name}
            direction: Direction = "stricter" if closed else "looser"
            yield Change((keyword, name), (keyword,), rest, f"{name} dropped", direction)
        inner = {(keyword, name): within for name, within in value.items()}
    elif keyword in ("items", "additionalProperties", "not") and isinstance(value, Mapping):
        inner = {(keyword,): value}
    for place, within in inner.items():
        for change in changes(within, texts=texts):
            yield change.within(place, turned=keyword == "not")


def _not_asked(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """What the schema doesn't ask, and could."""
    kinds, listed = schema.get("type", []), {"enum", "const"} & schema.keys()
    # Prose, which has no bound at all, may be of any length: nobody shows the shortest.
    bounded = "string" in kinds and {"maxLength", "pattern"} & schema.keys() and not listed
    if bounded and "minLength" not in schema and not widths(schema.get("pattern", ""))[0]:
        yield "minLength: 1", {"minLength": 1}
    if "array" in kinds and "minItems" not in schema:
        yield "minItems: 1", {"minItems": 1}
    if "properties" in schema:
        if "additionalProperties" not in schema:
            yield "additionalProperties: false", {"additionalProperties": False}
        if "required" not in schema:
            for name in schema["properties"]:
                yield f"required: {name}", {"required": [name]}
