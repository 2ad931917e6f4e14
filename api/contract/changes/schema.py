"""Changes between two schemas and the schemas within them."""

from collections.abc import Iterator
from typing import Any

from ..readings import covers
from .change import (
    Change,
    Effect,
    Location,
    Node,
    difference,
    kebab,
    old_to_new,
    other_changes,
    requirement,
    text,
)

NARROWS, WIDENS, DIFFERS, UNSPECIFIED, NOTHING = Effect

_NAMES = {
    "maximum": "max",
    "minimum": "min",
    "exclusiveMaximum": "exclusive-max",
    "exclusiveMinimum": "exclusive-min",
    "default": "default-value",
}
"""The names of keywords in rules, if they aren't the keywords in kebab case."""

_LIMITS = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"} | {
    *["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]
}
_LISTS = {"enum", "allOf", "anyOf", "oneOf"}
_VALUES = {"const", "default", "format", "multipleOf", "not", "pattern", "type", "uniqueItems"} | {
    *["readOnly", "writeOnly"]
}
_WITHIN = ("items", "additionalProperties", "propertyNames")
_COMPARED = {*_LIMITS, *_LISTS, *_VALUES, *_WITHIN, "properties", "required"}


def schema_changes(location: Location, old: Node | bool, new: Node | bool) -> Iterator[Change]:
    """Yield each change of a schema."""
    old, new = ({} if schema is True else schema for schema in (old, new))
    if text(old) == text(new):
        return
    if isinstance(old, bool):
        yield location.subject_change(WIDENS, "schema-became-not-false")
    elif isinstance(new, bool):
        yield location.subject_change(NARROWS, "schema-became-false")
    else:
        for keyword in sorted(_LIMITS | _LISTS | _VALUES):
            if how := difference(old, new, keyword):
                if keyword in _LISTS and how == "changed":
                    yield from _members(location, keyword, old[keyword], new[keyword])
                else:
                    yield _value(location, keyword, how, old, new)
        yield from _properties(location, old, new)
        for keyword in _WITHIN:
            part = _part(location, keyword)
            yield from schema_changes(part, old.get(keyword, True), new.get(keyword, True))
        yield from other_changes(location, old, new, compared=_COMPARED)


def _part(location: Location, name: str) -> Location:
    """Return the place of a schema within. Rules call it a property of the body or parameter."""
    whole = location.subject.removesuffix("-body").removesuffix("-property")
    return location.within(name).of(f"{whole}-property")


def _value(location: Location, keyword: str, how: str, old: Node, new: Node) -> Change:
    was, now = ({keyword: schema[keyword]} if keyword in schema else {} for schema in (old, new))
    effect, verb = _effect(was, now), how
    if keyword == "format":
        effect = {"added": NARROWS, "removed": WIDENS}.get(how, DIFFERS)
    elif keyword in _LIMITS:
        verb = {"added": "set", "removed": "unset"}.get(how, "")
        verb = verb or ("increased" if new[keyword] > old[keyword] else "decreased")
    name = _NAMES.get(keyword, kebab(keyword))
    return location.subject_change(effect, f"{name}-{verb}", old_to_new(old, new, keyword))


def _members(location: Location, keyword: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    """Yield a change for each member of a list, or changes within schemas of equal number."""
    was, now = ({text(member): member for member in members} for members in (old, new))
    less, more = ([m for m in one if m not in rest] for one, rest in ((was, now), (now, was)))
    if keyword != "enum" and len(less) == len(more):
        for one, other in zip(less, more, strict=True):
            place = f"{keyword} {list(now).index(other) + 1}"
            yield from schema_changes(_part(location, place), was[one], now[other])
        return
    name = "enum-value" if keyword == "enum" else kebab(keyword)
    for member in less:
        rest = [was[m] for m in was if m != member]
        effect = _effect({keyword: old}, {keyword: rest} if rest else {"not": {}})
        yield location.subject_change(effect, f"{name}-removed", member)
    for member in more:
        effect = _effect({keyword: old}, {keyword: [*old, now[member]]})
        yield location.subject_change(effect, f"{name}-added", member)


def _effect(old: Node, new: Node) -> Effect:
    """Return the effect of one keyword's change on the values that are valid."""
    widens, narrows = covers(new, old), covers(old, new)
    if widens and narrows:
        return NOTHING
    return WIDENS if widens else NARROWS if narrows else DIFFERS


def _properties(location: Location, old: Node, new: Node) -> Iterator[Change]:
    declared = [schema.get("properties", {}) for schema in (old, new)]
    required = [schema.get("required", []) for schema in (old, new)]
    for name in dict.fromkeys(name for names in declared + required for name in names):
        part = _part(location, name)
        was, now = (properties.get(name) for properties in declared)
        was_required, is_required = (name in names for names in required)
        if (was is None) == (now is None):
            yield from requirement(part, was_required, is_required)
            yield from schema_changes(part, *(True if s is None else s for s in (was, now)))
        elif was is None:
            yield _added(part, old, required=is_required and not was_required)
        else:
            yield _removed(part, new, required=was_required).removing(was)


def _added(location: Location, old: Node, *, required: bool) -> Change:
    effect = _undeclared(old, closed=WIDENS)
    if required:
        effect = NARROWS if effect is UNSPECIFIED else DIFFERS
    needed, what = "required" if required else "optional", location.subject.partition("-")[2]
    if location.side == "request":
        return location.change(effect, f"new-{needed}-request-{what}")
    return location.change(effect, f"response-{needed}-{what}-added")


def _removed(location: Location, new: Node, *, required: bool) -> Change:
    if location.side == "request":  # It may still be sent, but no longer has an effect.
        return location.subject_change(DIFFERS, "removed")
    effect = _undeclared(new, closed=NARROWS)
    if required:
        effect = WIDENS if effect is UNSPECIFIED else DIFFERS
    needed, what = "required" if required else "optional", location.subject.partition("-")[2]
    return location.change(effect, f"response-{needed}-{what}-removed")


def _undeclared(schema: Node, *, closed: Effect) -> Effect:
    """Return the effect of a property that only one of the schemas declares.

    The other schema treats it like any undeclared property.
    """
    rest = ("additionalProperties", "unevaluatedProperties", "patternProperties")
    restrictions = [
        schema[keyword] for keyword in rest if schema.get(keyword, True) not in (True, {})
    ]
    return UNSPECIFIED if not restrictions else closed if restrictions == [False] else DIFFERS
