"""Added and removed properties, and properties of requests or responses only."""

from collections.abc import Iterator
from typing import Any

from .change import Change, Effect, Node, Spot

NARROWS, WIDENS, DIFFERS, UNSPECIFIED, NOTHING = Effect

MARKS = {"readOnly": "read-only", "writeOnly": "write-only"}
# The mark that excludes a property from each side.
HIDES = {"request": "readOnly", "response": "writeOnly"}
Marks = set[str]


def added(spot: Spot, old: Node, *, required: bool) -> Iterator[Change]:
    effect = _undeclared(old, closed=WIDENS)
    if required:
        effect = NARROWS if effect is UNSPECIFIED else DIFFERS
    needed, what = "required" if required else "optional", spot.subject.partition("-")[2]
    if spot.side == "request":
        yield spot.change(effect, f"new-{needed}-request-{what}")
    else:
        yield spot.change(effect, f"response-{needed}-{what}-added")


def removed(spot: Spot, new: Node, *, required: bool) -> Iterator[Change]:
    if spot.side == "request":
        # The property may still be sent, but no longer has an effect.
        yield spot.own(DIFFERS, "removed")
        return
    effect = _undeclared(new, closed=NARROWS)
    if required:
        effect = WIDENS if effect is UNSPECIFIED else DIFFERS
    needed = "required" if required else "optional"
    yield spot.change(effect, f"response-{needed}-{spot.subject.partition('-')[2]}-removed")


def _undeclared(schema: Node, *, closed: Effect) -> Effect:
    """Return the effect of a property that only one of the schemas declares.

    The other schema treats it like any undeclared property.
    """
    rest = ("additionalProperties", "unevaluatedProperties", "patternProperties")
    says = [schema[keyword] for keyword in rest if schema.get(keyword, True) not in (True, {})]
    return UNSPECIFIED if not says else closed if says == [False] else DIFFERS


def marked(spot: Spot, old: Marks, new: Marks, needs: tuple[bool, bool]) -> Iterator[Change]:
    was, now = needs
    for mark in [mark for mark in MARKS if (mark in old) != (mark in new)]:
        if mark != HIDES[spot.side]:
            effect = NOTHING
        elif mark in old:
            effect = NARROWS if now else UNSPECIFIED
        elif spot.side == "request":
            effect = DIFFERS
        else:
            effect = WIDENS if was else UNSPECIFIED
        became = f"{'not-' if mark in old else ''}{MARKS[mark]}"
        needed = "required" if now else "optional"
        yield spot.change(effect, f"{spot.side}-{needed}-property-became-{became}")


def marks(schema: Any) -> Marks:
    return {mark for mark in MARKS if schema and schema is not True and schema.get(mark)}


def bare(schema: Any) -> Any:
    """Return the schema without the marks, whose changes `marked` yields."""
    if isinstance(schema, dict):
        return {keyword: value for keyword, value in schema.items() if keyword not in MARKS}
    return True if schema is None else schema
