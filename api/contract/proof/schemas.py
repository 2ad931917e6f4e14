"""Mutations of a schema: each makes one keyword stricter, looser or different."""

from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Any

from ..readings import Place, schemas_in
from .changes import ANNOTATIONS, Change, Direction, unknown
from .pattern_text import widths
from .patterns import pattern_mutations

Schema = Mapping[str, Any]


# The formats of JSON Schema, which are validated. Others, such as `password`, only inform.
CHECKED_FORMATS = {
    *["date-time", "date", "time", "duration", "email", "idn-email", "hostname", "idn-hostname"],
    *["ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference", "uri-template", "uuid"],
    *["json-pointer", "relative-json-pointer", "regex"],
}
_LEAST = ("minLength", "minimum", "minItems", "minProperties", "exclusiveMinimum")
_MOST = ("maxLength", "maximum", "maxItems", "maxProperties", "exclusiveMaximum")
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
    if not isinstance(schema, Mapping):  # It is `true` or `false`.
        return
    read, narrows = schema, narrows or "$ref" in schema
    if closed and "properties" in schema and not narrows:
        read = {"additionalProperties": False, **schema}
    for keyword in schema:
        if keyword in ANNOTATIONS or keyword.startswith("x-"):
            continue
        try:
            mutations = list(_KEYWORDS[keyword](read, keyword, texts))
        except (AttributeError, LookupError, TypeError, ValueError):  # The keyword or its value.
            yield unknown((keyword,), keyword)
            continue
        for new, words, direction, *item in mutations:
            if direction == "unknown":
                yield unknown((keyword,), words)
                continue
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
    if isinstance(schema[keyword], bool):  # `exclusiveMinimum` of OpenAPI 3.0.
        yield from _flag(schema, keyword, texts)
        return
    value, step = schema[keyword], 1 if keyword in _LEAST else -1
    may_be_negative = keyword.lower().endswith(("minimum", "maximum"))
    if value + step >= 0 or may_be_negative:
        yield value + step, str(value + step), "stricter"
    low, high = _lengths(schema.get("pattern", ""))
    idle = {"minLength": low >= value, "maxLength": high <= value}.get(keyword, False)
    if not idle and (value or may_be_negative):
        yield value - step, str(value - step), "looser"


def _lengths(pattern: str) -> tuple[float, float]:
    """Return the least and the greatest length of a text that matches the pattern."""
    low, high = widths(pattern)
    return low, high if pattern.startswith("^") and pattern.endswith("$") else inf


def _flag(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    now = bool(schema[keyword])
    direction: Direction = "looser" if now != (keyword == "nullable") else "stricter"
    yield not now, str(not now).lower(), direction


def _multiple(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    yield schema[keyword] * 2, str(schema[keyword] * 2), "stricter"
    yield None, "dropped", "looser"


def _type(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    value = schema[keyword]
    if isinstance(value, list) and len(value) > 1:
        for i, kind in enumerate(value):
            yield [k for k in value if k != kind], f"{kind} dropped", "stricter", i
        return
    value = value[0] if isinstance(value, list) else value
    other = "integer" if value == "string" else "string"
    yield other, f"{other} for {value}", "looser" if texts and other == "string" else "different"
    if value == "integer":
        yield "number", "number for integer", "looser"
    if value == "number":
        yield "integer", "integer for number", "stricter"
    # A list of values already determines the type.
    if not texts and not {"enum", "const", "nullable"} & schema.keys():
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
    return value + 1 if isinstance(value, int | float) else f"{value}0"


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


def _alternatives(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    for i in range(len(schema[keyword]) if len(schema[keyword]) > 1 else 0):
        rest = [*schema[keyword][:i], *schema[keyword][i + 1 :]]
        yield rest, f"{i} dropped", "stricter" if keyword == "anyOf" else "different", i


def _format(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    if schema[keyword] in CHECKED_FORMATS:
        other = "ipv4" if schema[keyword] != "ipv4" else "ipv6"
        yield other, other, "different"
        yield from _droppable(schema, keyword, texts)


def _droppable(schema: Schema, keyword: str, texts: bool) -> _Mutations:
    if schema[keyword] is True:
        yield False, "false", "stricter"
    elif schema[keyword] != {}:
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
    "multipleOf": _multiple,
    **dict.fromkeys(["uniqueItems", "nullable"], _flag),
    **dict.fromkeys(["anyOf", "oneOf"], _alternatives),
    **dict.fromkeys(["properties", "patternProperties"], _properties),
    **dict.fromkeys(["allOf", "items"], _nothing),
}


def schemas_within(schema: Schema) -> Iterator[tuple[Place, Schema]]:
    """Yield the schemas directly within that the mutations know, with their places."""
    yield from ((place, s) for place, s in schemas_in(schema).items() if place[0] in _KEYWORDS)


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
