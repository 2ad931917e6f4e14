"""Added and removed properties."""

from collections.abc import Iterator

from .change import Change, Effect, Location, Node

NARROWS, WIDENS, DIFFERS, UNSPECIFIED, NOTHING = Effect


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
