"""Mutations of references to schemas, and the parts of a document that have references."""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..places import pointer
from ..readings import Node, covers
from .changes import Change, Direction, within
from .document import METHODS, Document
from .schemas import schemas_within

_MOST_OTHERS = 8
"""So many other schemas are tried for a reference, those with the most members in common."""
_LARGE = 20_000
"""The length of two schemas, as JSON, from which on they aren't compared."""


def path_items(root: Node) -> dict[str, Node]:
    return {path: item for path, item in root.get("paths", {}).items() if path.startswith("/")}


def operations(root: Node) -> list[Node]:
    return [item[m] for item in path_items(root).values() for m in METHODS & item.keys()]


def requests(root: Node) -> Iterator[Any]:
    """Yield the parameters and bodies of all requests, which may be references."""
    for node in (*path_items(root).values(), *operations(root)):
        yield from (node.get(part) for part in ("parameters", "requestBody"))


def other_references(document: Document, schema: Any, *, closed: bool = False) -> Iterator[Change]:
    """Yield a mutation for some of the other schemas that a reference could name.

    A reference to the schema of a text is replaced by another text, because texts in forms can't be
    read as the objects that other schemas describe.
    """
    if not isinstance(schema, dict):
        return
    if "$ref" not in schema:
        for place, inner in schemas_within(schema):
            yield from within(place, other_references(document, inner, closed=closed))
        return
    alike = _alike(document, schema["$ref"])
    if not alike:
        yield Change(("$ref",), (), {"const": "another"}, "another", "different")
    for name in alike:
        other = {"$ref": f"#/components/schemas/{name}"}
        wider = _is_wider(document, json.dumps(other), json.dumps(schema), closed)
        direction: Direction = "looser" if wider else "different"
        words = f"{name} for {pointer(schema['$ref'])[-1]}"
        yield Change(("$ref",), (), other, words, direction)


@lru_cache(10_000)
def _alike(document: Document, reference: str) -> list[str]:
    """Return the names of the schemas that have the most members in common with this one."""
    members = _members(document, reference)
    names = document.root.get("components", {}).get("schemas", {})
    others = {n: _members(document, f"#/components/schemas/{n}") for n in names if members}
    others.pop(str(pointer(reference)[-1]), None)
    return sorted(others, key=lambda name: -len(others[name] & members))[:_MOST_OTHERS]


@lru_cache(10_000)
def _members(document: Document, reference: str) -> frozenset[str]:
    """Return the names of the schema's properties."""
    return frozenset(document.resolve({"$ref": reference}).get("properties", {}))


@lru_cache(10_000)
def _is_wider(document: Document, one: str, other: str, closed: bool) -> bool:
    """Return whether every value of the other schema is certainly valid for the one."""
    read = document.of_responses if closed else document.of_requests
    both = [read(json.loads(text)) for text in (one, other)]
    # Comparing large schemas would be slow.
    return len(json.dumps(both, default=str)) < _LARGE and covers(*both)
