"""A change between two documents, and what the modules that find changes share."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Literal

Node = Mapping[str, Any]


class Effect(Enum):
    """What a change does to the set of valid requests or responses."""

    NARROWS = auto()
    WIDENS = auto()
    DIFFERS = auto()  # It narrows and widens, or its effect is unknown.
    UNSPECIFIED = auto()  # The old document says nothing about it, so no client relies on it.
    NOTHING = auto()


_BEYOND_ASCII = re.compile("[^ -~]")
_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)

# Narrower requests refuse what was valid, and wider responses have what clients don't expect.
BREAKS = {
    "request": {Effect.NARROWS, Effect.DIFFERS},
    "response": {Effect.WIDENS, Effect.DIFFERS},
}

# Members that only people read.
PROSE = {"title", "summary", "description", "example", "examples", "externalDocs", "$comment"}


@dataclass(frozen=True)
class Change:
    """A change. `rule` is the name of oasdiff's rule, if oasdiff has one for it."""

    effect: Effect
    breaking: bool
    rule: str
    place: str
    detail: str = ""

    def __str__(self) -> str:
        verdict = "breaking" if self.breaking else "compatible"
        where = f"{self.place}: {self.detail}" if self.detail else self.place
        return f"{verdict:10}  {self.rule}  {where}"


@dataclass(frozen=True)
class Spot:
    """A place in the documents: whose side it is on, the prefix of its rules, and its path."""

    side: Literal["request", "response"]
    subject: str
    place: tuple[str, ...] = ()

    def within(self, name: str) -> "Spot":
        return replace(self, place=(*self.place, name))

    def of(self, subject: str) -> "Spot":
        return replace(self, subject=subject)

    def change(self, effect: Effect, rule: str, detail: str = "") -> Change:
        return Change(effect, effect in BREAKS[self.side], rule, ", ".join(self.place), detail)

    def own(self, effect: Effect, rule: str, detail: str = "") -> Change:
        """Return a change by a rule that begins with the subject."""
        return self.change(effect, f"{self.subject}-{rule}", detail)


Names = Collection[str]
Look = Callable[[Spot, Any, Any], Iterator[Change]]


def text(value: Any) -> str:
    """Return the value as JSON on one line, the same for values that JSON Schema holds equal.

    Unprintable characters are escaped, because a terminal may act on them.
    """
    return _BEYOND_ASCII.sub(_printable, _JSON.encode(value))


def _printable(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]


def step(old: Node, new: Node, member: str) -> Literal["added", "removed", "changed"] | None:
    """Return how a member of the two nodes differs, if it does."""
    if member not in new:
        return "removed" if member in old else None
    if member not in old:
        return "added"
    return "changed" if text(old[member]) != text(new[member]) else None


def shown(old: Node, new: Node, member: str) -> str:
    return " to ".join(text(node[member]) for node in (old, new) if member in node)


def both(old: Node, new: Node, member: str) -> tuple[Any, Any]:
    return old.get(member, {}), new.get(member, {})


def pairs(spot: Spot, old: Node, new: Node) -> Iterator[tuple[Spot, Any, Any]]:
    """Yield the values of each name, which are None where it was added or removed."""
    for name in dict.fromkeys([*old, *new]):
        yield spot.within(name), old.get(name), new.get(name)


def added_and_removed(
    spot: Spot, pair: tuple[Node, Node], effects: tuple[Effect, Effect], kept: Look | None = None
) -> Iterator[Change]:
    """Yield a change for each added and removed name, and those that `kept` finds in the others."""
    added, removed = effects
    for here, was, now in pairs(spot, *pair):
        if was is None:
            yield here.own(added, "added")
        elif now is None:
            yield here.own(removed, "removed")
        elif kept:
            yield from kept(here, was, now)


def requirement(spot: Spot, was: bool, now: bool) -> Iterator[Change]:
    if was != now:
        effect, rule = (Effect.NARROWS, "required") if now else (Effect.WIDENS, "optional")
        yield spot.own(effect, f"became-{rule}")


def others(
    spot: Spot, old: Node, new: Node, *, known: Names = (), exact: Names = (), prose: Names = ()
) -> Iterator[Change]:
    """Yield the changes of members without rules: `exact` ones, prose and unknown members."""
    for member in dict.fromkeys([*old, *new]):
        if member in known or not step(old, new, member):
            continue
        if member == "deprecated":
            yield spot.own(Effect.NOTHING, "deprecated" if new.get(member) else "reactivated")
        elif member in PROSE or member in prose:
            yield spot.own(Effect.NOTHING, f"{_kebab(member)}-changed")
        elif member in exact:
            yield spot.own(Effect.DIFFERS, f"{_kebab(member)}-changed", shown(old, new, member))
        else:
            # An unknown member may have any effect.
            detail = f"{member}, {shown(old, new, member)}"
            yield spot.own(Effect.DIFFERS, "unknown-member-changed", detail)


def _kebab(member: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "-", member.lstrip("$")).lower()
