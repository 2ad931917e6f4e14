"""Changes of the security requirements of an operation."""

from collections.abc import Iterator

from .change import Change, Effect, Location, Node

NARROWS, WIDENS, _, UNSPECIFIED, _ = Effect
_Needs = frozenset[tuple[str, str]]
_NO_CREDENTIALS: _Needs = frozenset()


def security_changes(location: Location, old: list[Node], new: list[Node]) -> Iterator[Change]:
    """Yield each change of the requirements, one of which a request has to meet."""
    was, now = (
        [frozenset((name, s) for name in one for s in ("", *one[name])) for one in some or [{}]]
        for some in (old, new)
    )
    removed, added = ([o for o in one if o not in other] for one, other in ((was, now), (now, was)))
    became_required = bool(added) and _NO_CREDENTIALS in removed
    for one in removed:
        # Credentials beyond a requirement do no harm.
        effect = UNSPECIFIED if any(other <= one for other in now) else NARROWS
        alike = [other for other in added if _schemes(other) == _schemes(one)]
        for other in alike[:1]:
            added.remove(other)
            yield from (
                location.subject_change(effect, "scope-added", scope)
                for _, scope in sorted(other - one)
            )
            yield from (
                location.subject_change(WIDENS, "scope-removed", scope)
                for _, scope in sorted(one - other)
            )
        if not alike and (one or not became_required):
            yield location.subject_change(effect, "removed", _schemes(one))
    for one in added:
        yield location.subject_change(
            NARROWS if became_required else WIDENS, "added", _schemes(one)
        )


def _schemes(needs: _Needs) -> str:
    return " and ".join(sorted(name for name, scope in needs if not scope)) or "anybody"
