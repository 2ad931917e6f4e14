"""A mutation of a document: the line that it changes, its description and its direction."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Place = tuple[str | int, ...]
"""The names and indexes that lead to a part of a document."""

Direction = Literal["stricter", "looser", "different"]
_OPPOSITE: dict[Direction, Direction] = {
    "stricter": "looser",
    "looser": "stricter",
    "different": "different",
}


@dataclass(frozen=True)
class Change:
    """A mutation of one line: `value` replaces the node at `target`. `words` describe it."""

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
