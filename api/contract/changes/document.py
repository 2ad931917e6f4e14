"""What changed between two OpenAPI documents, and what of it breaks a client of the older.

The rules have the names of oasdiff's, which are the field's; where it only warns, what counts is
whether a client that followed the old document could break. No kept Python library does this.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from .change import Change, Effect, Node, Spot, both, came_and_went, others, pairs
from .operation import operation_changes
from .reader import whole

NARROWS, WIDENS, *_, NOTHING = Effect
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_INFO = ("version", "contact", "license", "termsOfService")
_KNOWN = ("info", "servers", "paths", "components", "security")
# How a client shows who it is: whatever of it changes, the old way may be refused.
_SCHEME = ("type", "scheme", "name", "in", "flows", "openIdConnectUrl")


def document_changes(old: Any, new: Any) -> list[Change]:
    """Each change, those that break first.

    Raises `ValueError` where one is no document of OpenAPI 3.1 that can be read.
    """
    try:
        found = list(_document(Spot("request", "api"), whole(old), whole(new)))
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"it isn't formed as OpenAPI asks ({error})") from error
    return sorted(found, key=lambda change: not change.breaking)


def _document(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    yield from others(spot.within("info"), *both(old, new, "info"), prose=_INFO)
    yield from came_and_went(
        spot.of("api-server"), (_servers(old), _servers(new)), (WIDENS, NARROWS), others
    )
    for here, was, now in pairs(spot, *both(old, new, "paths")):
        yield from others(here, was or {}, now or {}, known=(*_METHODS, "parameters"))
    yield from _operations(_by_name(old), _by_name(new))
    yield from _components(spot, *both(old, new, "components"))
    yield from others(spot, old, new, known=_KNOWN, prose=("openapi", "tags"))


def _servers(document: Node) -> Node:
    return {server["url"]: server for server in document.get("servers", [{"url": "/"}])}


def _components(spot: Spot, old: Node, new: Node) -> Iterator[Change]:
    """Which there are; what they hold is looked at where they are used, but for the schemes."""
    idle = NOTHING, NOTHING
    yield from came_and_went(spot.of("api-schema"), both(old, new, "schemas"), idle)
    schemes = both(old, new, "securitySchemes")
    look = partial(others, exact=_SCHEME, prose=["bearerFormat"])
    yield from came_and_went(spot.of("api-security-component"), schemes, idle, look)


def _by_name(document: Node) -> dict[str, Node]:
    """Each operation by method and path, with what it has of its path's and of the document's."""
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
    for here, was, now in pairs(Spot("request", "endpoint"), old, new):
        if was is None:
            yield here.change(WIDENS, "endpoint-added")
        elif now is None:
            # Whoever was told in time that it goes is broken all the same.
            told = "with" if was.get("deprecated") else "without"
            path = "" if was["path"] in paths else "path-"
            yield here.change(NARROWS, f"api-{path}removed-{told}-deprecation")
        elif repr(was) != repr(now):  # Nearly all are the same; to Python 1 and true are equal.
            yield from operation_changes(here, was, now)
