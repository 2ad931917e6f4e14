"""One change of a contract: what it does, by which rule, where, and whether it breaks a client."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any, Literal

Node = Mapping[str, Any]


class Effect(Enum):
    """What a change does to all that may be said."""

    NARROWS = auto()
    WIDENS = auto()
    DIFFERS = auto()  # Both, or nobody knows.
    UNSAID = auto()  # It is about what the old document never spoke of, so nobody relies on it.
    NOTHING = auto()


_BEYOND_ASCII = re.compile("[^ -~]")
_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)

# A narrower request refuses what was taken, a wider response brings what nobody was told of.
BREAKS = {
    "request": {Effect.NARROWS, Effect.DIFFERS},
    "response": {Effect.WIDENS, Effect.DIFFERS},
}

# It speaks to people of what stays as it is.
PROSE = {"title", "summary", "description", "example", "examples", "externalDocs", "$comment"}


@dataclass(frozen=True)
class Change:
    """A change, by the rule's name in oasdiff's catalogue, where that has one."""

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
    """Where one looks: whose words they are, how the rules' names begin, and the way there."""

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
        """By a rule of this subject's."""
        return self.change(effect, f"{self.subject}-{rule}", detail)


Names = Collection[str]
Look = Callable[[Spot, Any, Any], Iterator[Change]]


def text(value: Any) -> str:
    """The value as JSON, in one line; equal for what JSON Schema holds equal, true not being 1.

    Characters that can't be printed are escaped, because a terminal may act on them.
    """
    return _BEYOND_ASCII.sub(_printable, _JSON.encode(value))


def _printable(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]


def step(old: Node, new: Node, member: str) -> Literal["added", "removed", "changed"] | None:
    """How a member of the two came to differ, if it does."""
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
    """What the two have under each name, which is nothing where it came or went."""
    for name in dict.fromkeys([*old, *new]):
        yield spot.within(name), old.get(name), new.get(name)


def came_and_went(
    spot: Spot, pair: tuple[Node, Node], effects: tuple[Effect, Effect], kept: Look | None = None
) -> Iterator[Change]:
    """What came and what went by its name, with these effects, and what changed in what stayed."""
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
    """What has no rule of its own: what must stay exactly as it is, prose, what nobody knows."""
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
            # It may mean anything, so it may break anybody.
            detail = f"{member}, {shown(old, new, member)}"
            yield spot.own(Effect.DIFFERS, "unknown-member-changed", detail)


def _kebab(member: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "-", member.lstrip("$")).lower()
