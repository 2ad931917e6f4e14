"""Changes of one operation: its security, parameters, body and responses."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from .change import (
    Change,
    Effect,
    Node,
    Spot,
    added_and_removed,
    both,
    others,
    pairs,
    requirement,
    shown,
    step,
)
from .schema import schema_changes
from .security import security_changes

NARROWS, WIDENS, DIFFERS, UNSPECIFIED, NOTHING = Effect
_KNOWN = ("path", "operationId", "tags", "parameters", "requestBody", "responses", "security")
_WRITTEN = ("style", "explode", "allowReserved", "allowEmptyValue", "content")
_LINKED = ("operationId", "operationRef", "parameters", "requestBody", "server")
# The effects of an added and a removed media type or link: clients use those that they know.
_ANSWERED = (UNSPECIFIED, DIFFERS)


def operation_changes(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    """Yield the changes of an operation as `_by_name` in document.py returns it."""
    if how := step(old, new, "operationId"):
        rule = f"api-operation-id-{'added' if how == 'added' else 'removed'}"
        yield spot.change(NOTHING, rule, shown(old, new, "operationId"))
    tags = {tag: tag for tag in old.get("tags", [])}, {tag: tag for tag in new.get("tags", [])}
    yield from added_and_removed(spot.of("api-tag"), tags, (NOTHING, NOTHING))
    yield from security_changes(spot.of("api-security"), old["security"], new["security"])
    yield from _parameters(spot.of("request-parameter"), *both(old, new, "parameters"))
    yield from _body(spot.of("request-body"), old.get("requestBody"), new.get("requestBody"))
    answer = replace(spot, side="response", subject="response")
    yield from _responses(answer, *both(old, new, "responses"))
    yield from others(spot, old, new, known=_KNOWN)


def _parameters(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    for here, was, now in pairs(spot, old, new):
        if was is None and now["in"] == "path":
            yield here.change(NARROWS, "new-request-path-parameter")
        elif was is None and now.get("required"):
            yield here.change(NARROWS, "new-required-request-parameter")
        elif was is None:
            yield here.change(UNSPECIFIED, "new-optional-request-parameter")
        elif now is None:
            # The parameter no longer has an effect.
            yield here.own(DIFFERS, "removed")
        else:
            yield from _named(here, was, now)


def _named(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    """Yield the changes of a parameter or a header."""
    yield from requirement(spot, old.get("required", False), new.get("required", False))
    yield from schema_changes(spot, old.get("schema", True), new.get("schema", True))
    known = ("name", "in", "required", "schema")
    yield from others(spot, old, new, known=known, exact=_WRITTEN)


def _body(spot: Spot, old: Node | None, new: Node | None) -> Iterator[Change]:
    if old is not None and new is not None:
        yield from requirement(spot, old.get("required", False), new.get("required", False))
        yield from _content(spot, old, new, (WIDENS, NARROWS))
        yield from others(spot, old, new, known=("required", "content"))
    elif new is not None:
        needed = new.get("required", False)
        rule = f"added-{'required' if needed else 'optional'}"
        yield spot.own(NARROWS if needed else UNSPECIFIED, rule)
    elif old is not None:
        yield spot.own(DIFFERS, "removed")


def _content(spot: Spot, old: Node, new: Node, effects: tuple[Effect, Effect]) -> Iterator[Change]:
    media_type = spot.of(f"{spot.subject}-media-type")
    yield from added_and_removed(media_type, both(old, new, "content"), effects, _media_type)


def _media_type(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    body = spot.of(f"{spot.side}-body")
    yield from schema_changes(body, old.get("schema", True), new.get("schema", True))
    yield from others(body, old, new, known=["schema"], exact=["encoding"])


def _responses(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    came = any(status[0] != "2" for status in new if status not in old)
    for here, was, now in pairs(spot, old, new):
        success = here.place[-1].startswith("2")
        kind = "success" if success else "non-success"
        if was is None:
            # A client treats an unknown status like the first of its class (RFC 9110, section 15).
            yield here.own(UNSPECIFIED, f"{kind}-status-added")
        elif now is None:
            # A removed refusal breaks no client, unless another status replaces it.
            yield here.own(DIFFERS if success or came else NARROWS, f"{kind}-status-removed")
        elif repr(was) != repr(now):  # Nearly all are the same.
            yield from _content(here, was, now, _ANSWERED)
            yield from _headers(here, *both(was, now, "headers"))
            links, look = both(was, now, "links"), partial(others, exact=_LINKED)
            yield from added_and_removed(here.of("response-link"), links, _ANSWERED, look)
            yield from others(here, was, now, known=("content", "headers", "links"))


def _headers(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    by_name = ({name.lower(): header for name, header in some.items()} for some in (old, new))
    for here, was, now in pairs(spot.of("response-header"), *by_name):
        if was is None:
            yield here.own(UNSPECIFIED, "added")
        elif now is None and was.get("required"):
            yield here.change(WIDENS, "required-response-header-removed")
        elif now is None:
            yield here.change(UNSPECIFIED, "optional-response-header-removed")
        else:
            yield from _named(here, was, now)
