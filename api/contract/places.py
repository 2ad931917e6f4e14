"""The places of a document's parts, and references to them (RFC 6901)."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from .readings import Place


def pointer(reference: str) -> Place:
    """Return the place that a reference within the document names."""
    names = unquote(reference.removeprefix("#/")).split("/")
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in names)


def part_at(node: Any, place: Place) -> Any:
    """Return the part of the document at this place."""
    for name in place:
        node = node[int(name) if isinstance(node, list) else name]
    return node


def found_at(node: Any, place: Place) -> Any:
    """Return the part of the document at this place, or None if there is none."""
    with suppress(KeyError, IndexError, TypeError, ValueError):
        return part_at(node, place)
    return None


def references(root: Any, node: Any, seen: set[str] | None = None) -> Iterator[str]:
    """Yield the references in the node, and those in their targets, each once."""
    seen = set() if seen is None else seen
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            yield reference
            yield from references(root, found_at(root, pointer(reference)), seen)
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from references(root, item, seen)
