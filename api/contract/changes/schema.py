"""Changes between two schemas and the schemas within them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .change import Change, Effect, Location, Node, difference, other_changes, requirement, text
from .keyword import COMPARED, OPPOSITE, keyword_changes
from .property import HIDES, MARKS, added, marked, marks, removed, without_marks

NARROWS, WIDENS, DIFFERS, UNSPECIFIED, NOTHING = Effect

# The effect of one more member. The members of a `oneOf` are assumed to exclude each other.
_COMPOSED = {"allOf": ("all-of", NARROWS), "anyOf": ("any-of", WIDENS), "oneOf": ("one-of", WIDENS)}
_WITHIN = ("items", "additionalProperties", "propertyNames")
_COMPARED = {*COMPARED, *_COMPOSED, *_WITHIN, "not", "properties", "required"}


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
        for changes in keyword_changes, _composed, _not, _properties:
            yield from changes(location, old, new)
        for keyword in _WITHIN:
            part = _part(location, keyword)
            yield from schema_changes(part, old.get(keyword, True), new.get(keyword, True))
        yield from other_changes(location, old, new, compared=_COMPARED)


def _part(location: Location, name: str) -> Location:
    """Return the place of a schema within. Rules call it a property of the body or parameter."""
    whole = location.subject.removesuffix("-body").removesuffix("-property")
    return location.within(name).of(f"{whole}-property")


def _composed(location: Location, old: Node, new: Node) -> Iterator[Change]:
    for keyword, (name, more) in _COMPOSED.items():
        how = difference(old, new, keyword)
        if keyword != "allOf" and how in ("added", "removed"):
            # Without the keyword every value is valid.
            effect, verb = (NARROWS, "set") if how == "added" else (WIDENS, "unset")
            yield location.subject_change(effect, f"{name}-{verb}")
            continue
        was, now = ({text(m): m for m in schema.get(keyword, [])} for schema in (old, new))
        removed_members, added_members = (
            [m for m in some if m not in rest] for some, rest in ((was, now), (now, was))
        )
        if len(removed_members) == len(added_members):
            for one, other in zip(removed_members, added_members, strict=True):
                place = f"{keyword} {list(now).index(other) + 1}"
                yield from schema_changes(_part(location, place), was[one], now[other])
            continue
        yield from (
            location.subject_change(OPPOSITE[more], f"{name}-removed", member)
            for member in removed_members
        )
        yield from (
            location.subject_change(more, f"{name}-added", member) for member in added_members
        )


def _not(location: Location, old: Node, new: Node) -> Iterator[Change]:
    """Yield one change of `not`, whose effect is the opposite of that within."""
    part = _part(location, "not")
    inner = list(schema_changes(part, old.get("not", False), new.get("not", False)))
    if inner:
        effects = {OPPOSITE.get(change.effect, DIFFERS) for change in inner}
        effects = effects - {NOTHING} or effects
        effect = effects.pop() if len(effects) == 1 else DIFFERS
        rules = (f"{c.rule.removeprefix(part.subject)[1:]} {c.detail}".strip() for c in inner)
        yield location.subject_change(
            effect, f"not-{difference(old, new, 'not')}", "; ".join(rules)
        )


def _properties(location: Location, old: Node, new: Node) -> Iterator[Change]:
    hides = HIDES[location.side]
    declared = [schema.get("properties", {}) for schema in (old, new)]
    required = [schema.get("required", []) for schema in (old, new)]
    for name in dict.fromkeys(name for names in declared + required for name in names):
        part = _part(location, name)
        was, now = (properties.get(name) for properties in declared)
        must = [name in names for names in required]
        there = [schema for schema in (was, now) if schema is not None]
        is_ignored = there and all(hides in marks(schema) for schema in there)
        if is_ignored:
            part = part.of(f"{location.side}-{MARKS[hides]}-property")
        if not there or len(there) == 2:
            changes = _property(part, was, now, *must)
        elif was is None:
            changes = added(part, old, required=must == [False, True])
        else:
            changes = (each.removing(was) for each in removed(part, new, required=must[0]))
        for change in changes:
            yield replace(change, effect=NOTHING, breaking=False) if is_ignored else change


def _property(location: Location, old: Any, new: Any, was: bool, now: bool) -> Iterator[Change]:
    """Yield the changes of a property that both schemas declare or require."""
    yield from requirement(location, was, now)
    yield from marked(location, marks(old), marks(new), needs=(was, now))
    yield from schema_changes(location, without_marks(old), without_marks(new))
