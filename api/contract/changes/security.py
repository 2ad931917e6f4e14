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
        if one or not became_required:
            yield location.subject_change(effect, "removed", _said(one))
    for one in added:
        yield location.subject_change(NARROWS if became_required else WIDENS, "added", _said(one))


def _said(needs: _Needs) -> str:
    scopes = {name: [s for n, s in sorted(needs) if s and n == name] for name, _ in sorted(needs)}
    return " and ".join(" ".join([name, *found]) for name, found in scopes.items()) or "anybody"
