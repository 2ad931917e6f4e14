"""The changes between two OpenAPI documents, and whether they break clients of the older one.

A change is breaking if it can break a client that follows the old document. The rules are those of
oasdiff, with simpler names. No maintained Python library does this.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from .change import Change, Effect, Location, Node, added_and_removed, both, other_changes, pairs
from .operation import operation_changes
from .reader import resolve_references

NARROWS, WIDENS, *_, NOTHING = Effect
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_INFO = ("version", "contact", "license", "termsOfService")
_COMPARED = ("info", "servers", "paths", "components", "security")


def document_changes(old: Any, new: Any) -> list[Change]:
    """Return the changes, breaking ones first.

    Raises `ValueError` if either is not a valid document of OpenAPI 3.0 or 3.1.
    """
    try:
        found = list(
            _document(Location("request", "api"), resolve_references(old), resolve_references(new))
        )
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"it isn't formed as OpenAPI asks ({error})") from error
    return sorted(found, key=lambda change: not change.breaking)


def _document(location: Location, old: Node, new: Node) -> Iterator[Change]:
    yield from other_changes(location.within("info"), *both(old, new, "info"), prose=_INFO)
    yield from added_and_removed(
        location.of("api-server"), (_servers(old), _servers(new)), (WIDENS, NARROWS), other_changes
    )
    for here, was, now in pairs(location, *both(old, new, "paths")):
        yield from other_changes(here, was or {}, now or {}, compared=(*_METHODS, "parameters"))
    yield from _operations(_by_name(old), _by_name(new))
    yield from _components(location, *both(old, new, "components"))
    yield from other_changes(location, old, new, compared=_COMPARED, prose=("openapi", "tags"))


def _servers(document: Node) -> Node:
    return {server["url"]: server for server in document.get("servers", [{"url": "/"}])}


def _components(location: Location, old: Node, new: Node) -> Iterator[Change]:
    """Yield added and removed components, and changes of security schemes.

    Changes of other components are found where operations refer to them.
    """
    no_effect = NOTHING, NOTHING
    yield from added_and_removed(location.of("api-schema"), both(old, new, "schemas"), no_effect)
    schemes = both(old, new, "securitySchemes")
    compare = partial(other_changes, prose=["bearerFormat"])
    yield from added_and_removed(location.of("api-security-component"), schemes, no_effect, compare)


def _by_name(document: Node) -> dict[str, Node]:
    """Return each operation by method and path, with the members of its path and document."""
    return {
        f"{method.upper()} {path}": {
            "security": document.get("security", []),
            **operation,
            "path": path,
            "parameters": {
                f"{p['in']} {p['name'].lower() if p['in'] == 'header' else p['name']}": p
                for p in [*item.get("parameters", []), *operation.get("parameters", [])]
            },
        }
        for path, item in document.get("paths", {}).items()
        for method, operation in item.items()
        if method in _METHODS
    }


def _operations(old: dict[str, Node], new: dict[str, Node]) -> Iterator[Change]:
    paths = {operation["path"] for operation in new.values()}
    for here, was, now in pairs(Location("request", "endpoint"), old, new):
        if was is None:
            yield here.change(WIDENS, "endpoint-added")
        elif now is None:
            # A deprecated operation without a sunset breaks clients too when it is removed.
            deprecation = "with" if was.get("deprecated") else "without"
            path = "" if was["path"] in paths else "path-"
            rule = f"api-{path}removed-{deprecation}-deprecation"
            yield here.change(NARROWS, rule).removing(was)
        elif repr(was) != repr(now):  # Unlike ==, `repr` tells 1 from true.
            yield from operation_changes(here, was, now)
