"""Added and removed properties, and properties of requests or responses only."""

from collections.abc import Iterator
from typing import Any

from .change import Change, Effect, Location, Node

NARROWS, WIDENS, DIFFERS, UNSPECIFIED, NOTHING = Effect

MARKS = {"readOnly": "read-only", "writeOnly": "write-only"}
# The mark that excludes a property from each side.
HIDES = {"request": "readOnly", "response": "writeOnly"}
Marks = set[str]


def added(location: Location, old: Node, *, required: bool) -> Iterator[Change]:
    effect = _undeclared(old, closed=WIDENS)
    if required:
        effect = NARROWS if effect is UNSPECIFIED else DIFFERS
    needed, what = "required" if required else "optional", location.subject.partition("-")[2]
    if location.side == "request":
        yield location.change(effect, f"new-{needed}-request-{what}")
    else:
        yield location.change(effect, f"response-{needed}-{what}-added")


def removed(location: Location, new: Node, *, required: bool) -> Iterator[Change]:
    if location.side == "request":
        # The property may still be sent, but no longer has an effect.
        yield location.subject_change(DIFFERS, "removed")
        return
    effect = _undeclared(new, closed=NARROWS)
    if required:
        effect = WIDENS if effect is UNSPECIFIED else DIFFERS
    needed = "required" if required else "optional"
    yield location.change(effect, f"response-{needed}-{location.subject.partition('-')[2]}-removed")


def _undeclared(schema: Node, *, closed: Effect) -> Effect:
    """Return the effect of a property that only one of the schemas declares.

    The other schema treats it like any undeclared property.
    """
    rest = ("additionalProperties", "unevaluatedProperties", "patternProperties")
    restrictions = [
        schema[keyword] for keyword in rest if schema.get(keyword, True) not in (True, {})
    ]
    return UNSPECIFIED if not restrictions else closed if restrictions == [False] else DIFFERS


def marked(
    location: Location, old: Marks, new: Marks, needs: tuple[bool, bool]
) -> Iterator[Change]:
    was, now = needs
    for mark in [mark for mark in MARKS if (mark in old) != (mark in new)]:
        if mark != HIDES[location.side]:
            effect = NOTHING
        elif mark in old:
            effect = NARROWS if now else UNSPECIFIED
        elif location.side == "request":
            effect = DIFFERS
        else:
            effect = WIDENS if was else UNSPECIFIED
        became = f"{'not-' if mark in old else ''}{MARKS[mark]}"
        needed = "required" if now else "optional"
        yield location.change(effect, f"{location.side}-{needed}-property-became-{became}")


def marks(schema: Any) -> Marks:
    return {mark for mark in MARKS if schema and schema is not True and schema.get(mark)}


def without_marks(schema: Any) -> Any:
    """Return the schema without the marks, whose changes `marked` yields."""
    if isinstance(schema, dict):
        return {keyword: value for keyword, value in schema.items() if keyword not in MARKS}
    return True if schema is None else schema
