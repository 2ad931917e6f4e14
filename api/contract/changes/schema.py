"""Changes between two schemas and the schemas within them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .change import Change, Effect, Node, Spot, others, requirement, step, text
from .keyword import KNOWN, TURNED, keyword_changes
from .property import HIDES, MARKS, added, bare, marked, marks, removed

NARROWS, WIDENS, DIFFERS, UNSPECIFIED, NOTHING = Effect

# The effect of one more member. The members of a `oneOf` are assumed to exclude each other.
_COMPOSED = {"allOf": ("all-of", NARROWS), "anyOf": ("any-of", WIDENS), "oneOf": ("one-of", WIDENS)}
_WITHIN = ("items", "additionalProperties", "propertyNames")
_KNOWN = {*KNOWN, *_COMPOSED, *_WITHIN, "not", "properties", "required"}


def schema_changes(spot: Spot, old: Node | bool, new: Node | bool) -> Iterator[Change]:
    """Yield each change of a schema."""
    old, new = ({} if schema is True else schema for schema in (old, new))
    if text(old) == text(new):
        return
    if isinstance(old, bool):
        yield spot.own(WIDENS, "schema-became-not-false")
    elif isinstance(new, bool):
        yield spot.own(NARROWS, "schema-became-false")
    else:
        for changes in keyword_changes, _composed, _not, _properties:
            yield from changes(spot, old, new)
        for keyword in _WITHIN:
            part = _part(spot, keyword)
            yield from schema_changes(part, old.get(keyword, True), new.get(keyword, True))
        yield from others(spot, old, new, known=_KNOWN)


def _part(spot: Spot, name: str) -> Spot:
    """Return the place of a schema within. Rules call it a property of the body or parameter."""
    whole = spot.subject.removesuffix("-body").removesuffix("-property")
    return spot.within(name).of(f"{whole}-property")


def _composed(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    for keyword, (name, more) in _COMPOSED.items():
        how = step(old, new, keyword)
        if keyword != "allOf" and how in ("added", "removed"):
            # Without the keyword every value is valid.
            effect, verb = (NARROWS, "set") if how == "added" else (WIDENS, "unset")
            yield spot.own(effect, f"{name}-{verb}")
            continue
        was, now = ({text(m): m for m in schema.get(keyword, [])} for schema in (old, new))
        gone, come = ([m for m in some if m not in rest] for some, rest in ((was, now), (now, was)))
        if len(gone) == len(come):
            for one, other in zip(gone, come, strict=True):
                place = f"{keyword} {list(now).index(other) + 1}"
                yield from schema_changes(_part(spot, place), was[one], now[other])
            continue
        yield from (spot.own(TURNED[more], f"{name}-removed", member) for member in gone)
        yield from (spot.own(more, f"{name}-added", member) for member in come)


def _not(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    """Yield one change of `not`, whose effect is the opposite of that within."""
    part = _part(spot, "not")
    inner = list(schema_changes(part, old.get("not", False), new.get("not", False)))
    if inner:
        effects = {TURNED.get(change.effect, DIFFERS) for change in inner}
        effects = effects - {NOTHING} or effects
        effect = effects.pop() if len(effects) == 1 else DIFFERS
        rules = (f"{c.rule.removeprefix(part.subject)[1:]} {c.detail}".strip() for c in inner)
        yield spot.own(effect, f"not-{step(old, new, 'not')}", "; ".join(rules))


def _properties(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    hides = HIDES[spot.side]
    declared = [schema.get("properties", {}) for schema in (old, new)]
    required = [schema.get("required", []) for schema in (old, new)]
    for name in dict.fromkeys(name for names in declared + required for name in names):
        part = _part(spot, name)
        was, now = (properties.get(name) for properties in declared)
        must = [name in names for names in required]
        there = [schema for schema in (was, now) if schema is not None]
        idle = there and all(hides in marks(schema) for schema in there)
        if idle:
            part = part.of(f"{spot.side}-{MARKS[hides]}-property")
        if not there or len(there) == 2:
            changes = _property(part, was, now, *must)
        elif was is None:
            changes = added(part, old, required=must == [False, True])
        else:
            changes = removed(part, new, required=must[0])
        for change in changes:
            yield replace(change, effect=NOTHING, breaking=False) if idle else change


def _property(spot: Spot, old: Any, new: Any, was: bool, now: bool) -> Iterator[Change]:
    """Yield the changes of a property that both schemas declare or require."""
    yield from requirement(spot, was, now)
    yield from marked(spot, marks(old), marks(new), needs=(was, now))
    yield from schema_changes(spot, bare(old), bare(new))
