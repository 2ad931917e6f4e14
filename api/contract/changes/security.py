"""Changes of the security requirements of an operation."""

from collections.abc import Iterator

from .change import Change, Effect, Node, Spot

NARROWS, WIDENS, _, UNSPECIFIED, _ = Effect
_Needs = frozenset[tuple[str, str]]
_ANYBODY: _Needs = frozenset()


def security_changes(spot: Spot, old: list[Node], new: list[Node]) -> Iterator[Change]:
    """Yield each change of the requirements, one of which a request has to meet."""
    was, now = (
        [frozenset((name, s) for name in one for s in ("", *one[name])) for one in some or [{}]]
        for some in (old, new)
    )
    gone, come = ([o for o in one if o not in other] for one, other in ((was, now), (now, was)))
    closed = bool(come) and _ANYBODY in gone
    for one in gone:
        # Credentials beyond a requirement do no harm.
        effect = UNSPECIFIED if any(other <= one for other in now) else NARROWS
        alike = [other for other in come if _schemes(other) == _schemes(one)]
        for other in alike[:1]:
            come.remove(other)
            yield from (spot.own(effect, "scope-added", scope) for _, scope in sorted(other - one))
            yield from (
                spot.own(WIDENS, "scope-removed", scope) for _, scope in sorted(one - other)
            )
        if not alike and (one or not closed):
            yield spot.own(effect, "removed", _schemes(one))
    for one in come:
        yield spot.own(NARROWS if closed else WIDENS, "added", _schemes(one))


def _schemes(needs: _Needs) -> str:
    return " and ".join(sorted(name for name, scope in needs if not scope)) or "anybody"
