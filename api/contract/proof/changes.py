"""A mutation of a document: the line that it changes, its description and its direction."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..readings import Place

Direction = Literal["stricter", "looser", "different", "unknown"]
_OPPOSITE: dict[Direction, Direction] = {
    "stricter": "looser",
    "looser": "stricter",
    "different": "different",
    "unknown": "unknown",
}

ANNOTATIONS = {
    *[
        "description",
        "examples",
        "example",
        "title",
        "default",
        "deprecated",
        "xml",
        "externalDocs",
    ],
    *["discriminator", "$ref", "$comment", "$schema", "$id", "$anchor"],
}
"""The keywords that don't restrict values. A discriminator only names the member of a `oneOf`."""

INFORMATIVE = (ANNOTATIONS - {"$ref"}) | {
    *["openapi", "info", "tags", "summary", "operationId", "jsonSchemaDialect"],
    *["flows", "openIdConnectUrl", "bearerFormat"],
}
"""Members that don't restrict requests and responses."""


@dataclass(frozen=True)
class Change:
    """A mutation of one line: `value` replaces the node at `target`. `words` describe it.

    Its direction is "unknown" if the mutations leave out the part at `line`, which `words` name.
    """

    line: Place
    target: Place
    value: Any
    words: str
    direction: Direction

    def within(self, place: Place, *, is_inverted: bool = False) -> "Change":
        """Return the same mutation, with `place` before its own places.

        `is_inverted`: the place is within a `not`, where a stricter schema loosens the document.
        """
        direction = _OPPOSITE[self.direction] if is_inverted else self.direction
        line, target = (*place, *self.line), (*place, *self.target)
        return Change(line, target, self.value, self.words, direction)


def within(place: Place, changes: Iterable[Change]) -> Iterator[Change]:
    return (change.within(place) for change in changes)


def dropped(
    place: Place, node: Mapping[str, Any], only: set[str] | None = None
) -> Iterator[Change]:
    for name in node:
        if only is None or name in only:
            rest = {k: v for k, v in node.items() if k != name}
            yield Change((*place, name), place, rest, "dropped", "stricter")


def renamed(place: Place, node: Mapping[str, Any], name: str, other: str) -> Iterator[Change]:
    changed = {other if k == name else k: v for k, v in node.items()}
    yield Change((*place, name), place, changed, other, "different")


def unknown(place: Place, what: str) -> Change:
    """Return the note that the mutations leave out this part, which has this feature."""
    return Change(place, (), None, what, "unknown")


def unknown_members(node: Mapping[str, Any], *known: str) -> Iterator[Change]:
    """Yield a note for each member that isn't one of the known ones and restricts something."""
    for name in node.keys() - known - INFORMATIVE:
        if not name.startswith("x-"):
            yield unknown((name,), name)
