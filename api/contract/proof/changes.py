"""A change of a document by one notch: where, in words, and which way it goes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Place = tuple[str | int, ...]
"""The names and numbers on the way to something in a document."""

Direction = Literal["stricter", "looser", "different"]
_TURNED: dict[Direction, Direction] = {
    "stricter": "looser",
    "looser": "stricter",
    "different": "different",
}


@dataclass(frozen=True)
class Change:
    """One notch: the line that it is about, and what takes the place of what."""

    line: Place
    target: Place
    value: Any
    words: str
    direction: Direction

    def within(self, place: Place, *, turned: bool = False) -> "Change":
        """The same, seen from further out; inside of a `not` stricter is looser."""
        direction = _TURNED[self.direction] if turned else self.direction
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
