"""Mutations of a schema: each makes one keyword stricter, looser or different."""

from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Any

from .changes import Change, Direction, Place
from .pattern_text import widths
from .patterns import pattern_mutations

Schema = Mapping[str, Any]


# These keywords don't restrict values.
ANNOTATIONS = {"description", "examples", "example", "title", "default", "$ref"}
# The formats of JSON Schema, which are validated. Others, such as `password`, only inform.
CHECKED_FORMATS = {
    *["date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname"],
    *["ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uri-template", "uuid"],
    *["json-pointer", "relative-json-pointer", "regex"],
}
_LEAST, _MOST = ("minLength", "minimum", "minItems"), ("maxLength", "maximum", "maxItems")
_Mutations = Iterator[tuple[Any, str, Direction] | tuple[Any, str, Direction, int | str]]
"""A mutated value, its words and its direction, and the item or member that it changes."""


def changes(
    schema: Schema, *, texts: bool = False, closed: bool = False, narrows: bool = False
) -> Iterator[Change]:
    """Yield each mutation of a schema and the schemas within.

    `texts`: every value is a text, as in a form, a query or a header. `closed`: objects have only
    declared members, as in a response. `narrows`: the schema only narrows another one, as a member
    of an `allOf` and keywords beside a reference do.
    """
    read, narrows = schema, narrows or "$ref" in schema
    if closed and "properties" in schema and not narrows:
        read = {"additionalProperties": False, **schema}
    for keyword in schema:
        if keyword in ANNOTATIONS:
            continue
        if keyword not in _KEYWORDS:
            raise NotImplementedError(f"{__name__} doesn't support {keyword}.")
        for new, words, direction, *item in _KEYWORDS[keyword](read, keyword, texts):
            changed = {k: v for k, v in schema.items() if k != keyword}
            changed |= {} if new is None else {keyword: new}
            yield Change((keyword, *item), (), changed, f"{keyword}: {words}", direction)
    for place, within in schemas_within(schema):
        is_member = place[0] == "allOf"
        for change in changes(within, texts=texts, closed=closed, narrows=is_member):
            yield change.within(place, is_inverted=place == ("not",))
    for words, more in () if narrows else _absent_keywords(read):
        yield Change(("type",), (), {**schema, **more}, f"{words} added", "stricter")


def _bound(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    """Move a bound by one, unless the pattern already bounds the length."""
    value, step = schema[keyword], 1 if keyword in _LEAST else -1
    if value + step >= 0 or keyword in ("minimum", "maximum"):
        yield value + step, str(value + step), "stricter"
    low, high = _lengths(schema.get("pattern", ""))
    idle = {"minLength": low >= value, "maxLength": high <= value}.get(keyword, False)
    if not idle and (value or keyword in ("minimum", "maximum")):
        yield value - step, str(value - step), "looser"


def _lengths(pattern: str) -> tuple[float, float]:
    """Return the least and the greatest length of a text that matches the pattern."""
    low, high = widths(pattern)
    return low, high if pattern.startswith("^") and pattern.endswith("$") else inf


def _type(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    value = schema[keyword]
    if isinstance(value, list):
        for i, kind in enumerate(value):
            yield [k for k in value if k != kind], f"{kind} dropped", "stricter", i
        return
    other = "integer" if value == "string" else "string"
    yield other, f"{other} for {value}", "looser" if texts and other == "string" else "different"
    if value == "integer":
        yield "number", "number for integer", "looser"
    if value == "number":
        yield "integer", "integer for number", "stricter"
    # A list of values already determines the type.
    if not texts and not {"enum", "const"} & schema.keys():
        yield [value, "null"], "null allowed", "looser"


def _enum(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    members = schema[keyword]
    for i, member in enumerate(members):
        others = [m for m in members if m != member]
        if others:
            yield others, f"{member!r} dropped", "stricter", i
        if (other := _other(member)) not in members:
            yield [*others, other], f"{other!r} for {member!r}", "different", i
            yield [*members, other], f"{other!r} added", "looser", i


def _const(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    other = _other(schema[keyword])
    yield other, repr(other), "different"
    yield from _droppable(schema, keyword, texts)


def _other(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else f"{value}0"


def _pattern(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    yield from _droppable(schema, keyword, texts)
    for mutation in pattern_mutations(schema[keyword], schema.get("maxLength", inf)):
        yield mutation.pattern, mutation.change, mutation.direction


def _required(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    names = schema[keyword]
    for i, name in enumerate(names):
        yield [n for n in names if n != name] or None, f"{name} dropped", "looser", i
    for name in schema.get("properties", {}).keys() - set(names):
        yield [*names, name], f"{name} added", "stricter"


def _properties(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    others = schema.get("additionalProperties", True)
    directions: dict[Any, Direction] = {False: "stricter", True: "looser"}
    direction = directions[others] if isinstance(others, bool) else "different"
    for name in schema[keyword]:
        rest = {n: s for n, s in schema[keyword].items() if n != name}
        yield rest, f"{name} dropped", direction, name


def _format(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    if schema[keyword] in CHECKED_FORMATS:
        other = "ipv4" if schema[keyword] != "ipv4" else "ipv6"
        yield other, other, "different"
        yield from _droppable(schema, keyword, texts)


def _droppable(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    if schema[keyword] != {}:
        yield None, "dropped", "looser"


def _nothing(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    """Yield nothing: `changes` mutates the schemas within."""
    yield from ()


_KEYWORDS: dict[str, Callable[[Schema, str, bool], _Mutations]] = {
    **dict.fromkeys(_LEAST + _MOST, _bound),
    **dict.fromkeys(["additionalProperties", "not"], _droppable),
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "format": _format,
    "required": _required,
    "properties": _properties,
    **dict.fromkeys(["allOf", "items"], _nothing),
}


def schemas_within(schema: Schema) -> Iterator[tuple[Place, Schema]]:
    """Yield the schemas within, with their places."""
    for name, within in schema.get("properties", {}).items():
        yield ("properties", name), within
    for i, within in enumerate(schema.get("allOf", [])):
        yield ("allOf", i), within
    for keyword in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(keyword), Mapping):
            yield (keyword,), schema[keyword]


def _absent_keywords(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield keywords that the schema could have and doesn't have, each with a value."""
    kinds, listed = schema.get("type", []), {"enum", "const"} & schema.keys()
    # For a text without any bound, no exchange needs to show that it may be empty.
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
