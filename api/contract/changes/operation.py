"""Changes of one operation: its security, parameters, body and responses."""

from collections.abc import Iterator
from dataclasses import replace

from ..readings import without
from .change import (
    Change,
    Effect,
    Location,
    Node,
    added_and_removed,
    both,
    difference,
    old_to_new,
    other_changes,
    pairs,
    requirement,
)
from .schema import schema_changes
from .security import security_changes

NARROWS, WIDENS, DIFFERS, UNSPECIFIED, NOTHING = Effect
_COMPARED = ("path", "operationId", "tags", "parameters", "requestBody", "responses", "security")
# The effects of an added and a removed media type or link. Clients ignore unknown ones.
_RESPONSE_EFFECTS = (UNSPECIFIED, DIFFERS)


def operation_changes(location: Location, old: Node, new: Node) -> Iterator[Change]:
    """Yield the changes of an operation as `_by_name` in document.py returns it."""
    if how := difference(old, new, "operationId"):
        rule = f"api-operation-id-{'added' if how == 'added' else 'removed'}"
        yield location.change(NOTHING, rule, old_to_new(old, new, "operationId"))
    tags = {tag: tag for tag in old.get("tags", [])}, {tag: tag for tag in new.get("tags", [])}
    yield from added_and_removed(location.of("api-tag"), tags, (NOTHING, NOTHING))
    yield from security_changes(location.of("api-security"), old["security"], new["security"])
    yield from _parameters(location.of("request-parameter"), *both(old, new, "parameters"))
    yield from _body(location.of("request-body"), old.get("requestBody"), new.get("requestBody"))
    response = replace(location, side="response", subject="response")
    yield from _responses(response, *both(old, new, "responses"))
    yield from other_changes(location, old, new, compared=_COMPARED)


def _parameters(location: Location, old: Node, new: Node) -> Iterator[Change]:
    for here, was, now in pairs(location, old, new):
        if was is None and now["in"] == "path":
            yield here.change(NARROWS, "new-request-path-parameter")
        elif was is None and now.get("required"):
            yield here.change(NARROWS, "new-required-request-parameter")
        elif was is None:
            yield here.change(UNSPECIFIED, "new-optional-request-parameter")
        elif now is None:
            # The parameter no longer has an effect.
            yield here.subject_change(DIFFERS, "removed").removing(was)
        else:
            yield from _named(here, was, now)


def _named(location: Location, old: Node, new: Node) -> Iterator[Change]:
    """Yield the changes of a parameter or a header."""
    yield from requirement(location, old.get("required", False), new.get("required", False))
    yield from _schemas(location, old, new)
    compared = ("name", "in", "required", "schema")
    yield from other_changes(location, old, new, compared=compared)


def _schemas(location: Location, old: Node, new: Node) -> Iterator[Change]:
    """Yield the changes of a schema, as far as it concerns requests or responses."""
    hidden = "readOnly" if location.side == "request" else "writeOnly"
    schemas = (node.get("schema", {}) for node in (old, new))
    yield from schema_changes(
        location, *(s if isinstance(s, bool) else without(s, hidden) for s in schemas)
    )


def _body(location: Location, old: Node | None, new: Node | None) -> Iterator[Change]:
    if old is not None and new is not None:
        yield from requirement(location, old.get("required", False), new.get("required", False))
        yield from _content(location, old, new, (WIDENS, NARROWS))
        yield from other_changes(location, old, new, compared=("required", "content"))
    elif new is not None:
        needed = new.get("required", False)
        rule = f"added-{'required' if needed else 'optional'}"
        yield location.subject_change(NARROWS if needed else UNSPECIFIED, rule)
    elif old is not None:
        yield location.subject_change(DIFFERS, "removed")


def _content(
    location: Location, old: Node, new: Node, effects: tuple[Effect, Effect]
) -> Iterator[Change]:
    media_type = location.of(f"{location.subject}-media-type")
    yield from added_and_removed(media_type, both(old, new, "content"), effects, _media_type)


def _media_type(location: Location, old: Node, new: Node) -> Iterator[Change]:
    body = location.of(f"{location.side}-body")
    yield from _schemas(body, old, new)
    yield from other_changes(body, old, new, compared=["schema"])


def _responses(location: Location, old: Node, new: Node) -> Iterator[Change]:
    refusal_added = any(status[0] != "2" for status in new if status not in old)
    for here, was, now in pairs(location, old, new):
        success = here.place[-1].startswith("2")
        kind = "success" if success else "non-success"
        if was is None:
            # A client treats an unknown status like the first of its class (RFC 9110, section 15).
            yield here.subject_change(UNSPECIFIED, f"{kind}-status-added")
        elif now is None:
            # A removed refusal breaks no client, unless another status replaces it.
            yield here.subject_change(
                DIFFERS if success or refusal_added else NARROWS, f"{kind}-status-removed"
            )
        elif repr(was) != repr(now):  # Nearly all are the same.
            yield from _content(here, was, now, _RESPONSE_EFFECTS)
            yield from _headers(here, *both(was, now, "headers"))
            links = both(was, now, "links")
            yield from added_and_removed(
                here.of("response-link"), links, _RESPONSE_EFFECTS, other_changes
            )
            yield from other_changes(here, was, now, compared=("content", "headers", "links"))


def _headers(location: Location, old: Node, new: Node) -> Iterator[Change]:
    by_name = ({name.lower(): header for name, header in some.items()} for some in (old, new))
    for here, was, now in pairs(location.of("response-header"), *by_name):
        if was is None:
            yield here.subject_change(UNSPECIFIED, "added")
        elif now is None and was.get("required"):
            yield here.change(WIDENS, "required-response-header-removed").removing(was)
        elif now is None:
            yield here.change(UNSPECIFIED, "optional-response-header-removed")
        else:
            yield from _named(here, was, now)
