"""What it does that a schema has one property more or less, or has it for one side only."""

from collections.abc import Iterator
from typing import Any

from .change import Change, Effect, Node, Spot

NARROWS, WIDENS, DIFFERS, UNSAID, NOTHING = Effect

MARKS = {"readOnly": "read-only", "writeOnly": "write-only"}
# A property with this mark isn't of that side.
HIDES = {"request": "readOnly", "response": "writeOnly"}
Marks = set[str]


def added(spot: Spot, old: Node, *, required: bool) -> Iterator[Change]:
    effect = _undeclared(old, closed=WIDENS)
    if required:
        effect = NARROWS if effect is UNSAID else DIFFERS
    needed, what = "required" if required else "optional", spot.subject.partition("-")[2]
    if spot.side == "request":
        yield spot.change(effect, f"new-{needed}-request-{what}")
    else:
        yield spot.change(effect, f"response-{needed}-{what}-added")


def removed(spot: Spot, new: Node, *, required: bool) -> Iterator[Change]:
    if spot.side == "request":
        # Even where it may still be sent, what the client says by it isn't heard any more.
        yield spot.own(DIFFERS, "removed")
        return
    effect = _undeclared(new, closed=NARROWS)
    if required:
        effect = WIDENS if effect is UNSAID else DIFFERS
    needed = "required" if required else "optional"
    yield spot.change(effect, f"response-{needed}-{spot.subject.partition('-')[2]}-removed")


def _undeclared(schema: Node, *, closed: Effect) -> Effect:
    """What it does that a property was, or is, left to what the schema says of the others."""
    rest = ("additionalProperties", "unevaluatedProperties", "patternProperties")
    says = [schema[keyword] for keyword in rest if schema.get(keyword, True) not in (True, {})]
    return UNSAID if not says else closed if says == [False] else DIFFERS


def marked(spot: Spot, old: Marks, new: Marks, needs: tuple[bool, bool]) -> Iterator[Change]:
    was, now = needs
    for mark in [mark for mark in MARKS if (mark in old) != (mark in new)]:
        if mark != HIDES[spot.side]:
            effect = NOTHING
        elif mark in old:
            effect = NARROWS if now else UNSAID
        elif spot.side == "request":
            effect = DIFFERS
        else:
            effect = WIDENS if was else UNSAID
        became = f"{'not-' if mark in old else ''}{MARKS[mark]}"
        needed = "required" if now else "optional"
        yield spot.change(effect, f"{spot.side}-{needed}-property-became-{became}")


def marks(schema: Any) -> Marks:
    return {mark for mark in MARKS if schema and schema is not True and schema.get(mark)}


def bare(schema: Any) -> Any:
    """Without the marks, of which all is said."""
    if isinstance(schema, dict):
        return {keyword: said for keyword, said in schema.items() if keyword not in MARKS}
    return True if schema is None else schema
