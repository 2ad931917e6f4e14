"""The class of a change between two documents, and functions shared by all comparisons."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum, auto
from hashlib import sha256
from typing import Any, Literal

Node = Mapping[str, Any]


class Effect(Enum):
    """The effect of a change on the set of valid requests or responses."""

    NARROWS = auto()
    WIDENS = auto()
    DIFFERS = auto()  # It narrows and widens, or its effect is unknown.
    UNSPECIFIED = auto()  # The old document says nothing about it, so no client relies on it.
    NOTHING = auto()


_BEYOND_ASCII = re.compile("[^ -~]")
_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)

# Narrower requests make valid requests invalid. Wider responses may surprise clients.
BREAKS = {
    "request": {Effect.NARROWS, Effect.DIFFERS},
    "response": {Effect.WIDENS, Effect.DIFFERS},
}

# The date from which on a deprecated part may be removed (RFC 8594), as oasdiff reads it.
SUNSET = "x-sunset"

# Members that only people read.
PROSE = {
    *"title summary description example examples externalDocs $comment x-refuses-valid".split()
}


@dataclass(frozen=True)
class Change:
    """A change, by its rule. `reason` is why a breaking change is accepted."""

    effect: Effect
    breaking: bool
    rule: str
    place: str
    detail: str = ""
    reason: str = ""

    @property
    def verdict(self) -> str:
        if not self.breaking:
            return "compatible"
        return "accepted" if self.reason else "breaking"

    @property
    def where(self) -> str:
        return f"{self.place}: {self.detail}" if self.detail else self.place

    @property
    def fingerprint(self) -> str:
        return sha256(f"{self.rule}  {self.where}".encode()).hexdigest()[:12]

    def __str__(self) -> str:
        return f"{self.verdict:10}  {self.rule}  {self.where}"

    def removing(self, old: Any) -> "Change":
        """Return the change, by which `old` is removed: from its sunset on it is compatible."""
        old = old if isinstance(old, Mapping) else {}
        schema = old.get("schema")  # apispec prints the extensions of a parameter there.
        day = {**(schema if isinstance(schema, Mapping) else {}), **old}.get(SUNSET)
        if not old.get("deprecated") or not day:
            return self
        rule = self.rule.removesuffix("-with-deprecation")
        if datetime.now(UTC).date() < date.fromisoformat(str(day)[:10]):
            return replace(self, rule=f"{rule}-before-sunset", detail=f"its sunset is {day}")
        rule, detail = f"{rule}-with-deprecation", f"removed after its sunset, {day}"
        return replace(self, effect=Effect.NOTHING, breaking=False, rule=rule, detail=detail)


@dataclass(frozen=True)
class Location:
    """A place in the documents. `subject` is the prefix of its rules, `place` the path to it."""

    side: Literal["request", "response"]
    subject: str
    place: tuple[str, ...] = ()

    def within(self, name: str) -> "Location":
        return replace(self, place=(*self.place, name))

    def of(self, subject: str) -> "Location":
        return replace(self, subject=subject)

    def change(self, effect: Effect, rule: str, detail: str = "") -> Change:
        return Change(effect, effect in BREAKS[self.side], rule, ", ".join(self.place), detail)

    def subject_change(self, effect: Effect, rule: str, detail: str = "") -> Change:
        """Return a change by a rule that begins with the subject."""
        return self.change(effect, f"{self.subject}-{rule}", detail)


Names = Collection[str]
Compare = Callable[[Location, Any, Any], Iterator[Change]]


def text(value: Any) -> str:
    """Return the value as JSON on one line, the same for values that JSON Schema holds equal.

    Unprintable characters are escaped, because a terminal may act on them.
    """
    return _BEYOND_ASCII.sub(_printable, _JSON.encode(value))


def _printable(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]


def difference(old: Node, new: Node, member: str) -> Literal["added", "removed", "changed"] | None:
    """Return whether a member was added, removed or changed, or None if it is the same."""
    if member not in new:
        return "removed" if member in old else None
    if member not in old:
        return "added"
    return "changed" if text(old[member]) != text(new[member]) else None


def old_to_new(old: Node, new: Node, member: str) -> str:
    return " to ".join(text(node[member]) for node in (old, new) if member in node)


def both(old: Node, new: Node, member: str) -> tuple[Any, Any]:
    return old.get(member, {}), new.get(member, {})


def pairs(location: Location, old: Node, new: Node) -> Iterator[tuple[Location, Any, Any]]:
    """Yield the old and the new value of each name: None if the name was added or removed."""
    for name in dict.fromkeys([*old, *new]):
        yield location.within(name), old.get(name), new.get(name)


def added_and_removed(
    location: Location,
    pair: tuple[Node, Node],
    effects: tuple[Effect, Effect],
    compare: Compare | None = None,
) -> Iterator[Change]:
    """Yield a change for each added or removed name, and `compare(...)` for each of the others."""
    added, removed = effects
    for here, was, now in pairs(location, *pair):
        if was is None:
            yield here.subject_change(added, "added")
        elif now is None:
            yield here.subject_change(removed, "removed")
        elif compare:
            yield from compare(here, was, now)


def requirement(location: Location, was: bool, now: bool) -> Iterator[Change]:
    if was != now:
        effect, rule = (Effect.NARROWS, "required") if now else (Effect.WIDENS, "optional")
        yield location.subject_change(effect, f"became-{rule}")


def other_changes(
    location: Location,
    old: Node,
    new: Node,
    *,
    compared: Names = (),
    prose: Names = (),
) -> Iterator[Change]:
    """Yield changes of members that aren't `compared` elsewhere. Only those of `prose` are safe."""
    for member in dict.fromkeys([*old, *new]):
        if member in compared or not (how := difference(old, new, member)):
            continue
        if member == SUNSET:
            was, now = (str(node.get(SUNSET, "")) for node in (old, new))
            is_sooner = now < was and (now or new.get("deprecated"))
            effect = Effect.DIFFERS if is_sooner else Effect.NOTHING
            detail = old_to_new(old, new, member)
            yield location.subject_change(effect, f"sunset-{how}", detail)
        elif member == "deprecated":
            yield location.subject_change(
                Effect.NOTHING, "deprecated" if new.get(member) else "reactivated"
            )
        elif member in PROSE or member in prose:
            yield location.subject_change(Effect.NOTHING, f"{kebab(member)}-changed")
        else:
            detail = old_to_new(old, new, member)
            yield location.subject_change(Effect.DIFFERS, f"{kebab(member)}-changed", detail)


def kebab(member: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "-", member.lstrip("$")).lower()
