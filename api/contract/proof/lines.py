"""The lines of a document's file: what stands where, and which of them say what will happen."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import yaml

from .changes import Place
from .schemas import ANNOTATIONS, CHECKED_FORMATS

_FOR_PEOPLE = (ANNOTATIONS - {"$ref"}) | {"openapi", "info", "tags", "summary", "operationId"}
"""What says something to people and tools, and nothing of requests and answers."""

_NAMED = {"paths", "responses", "headers", "links", "properties", "schemas", "securitySchemes"}
"""Whose members have names of their own, which may be those of what is for people."""

_SETTLED = {"in", "name", "required"}
"""What of a path's parameter OpenAPI itself settles, by the path."""


class Line(NamedTuple):
    """A member or an item, where it begins, and its text where it is one."""

    place: Place
    number: int
    text: str | None


def lines(file: Path) -> list[Line]:
    """Each member and item of a YAML file, in order; the first line is 1."""
    root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    return list(_within(root, ())) if root else []


def _within(node: yaml.Node, place: Place) -> Iterator[Line]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield _line((*place, key.value), key, value)
            yield from _within(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            yield _line((*place, i), item, item)
            yield from _within(item, (*place, i))


def _line(place: Place, start: yaml.Node, value: yaml.Node) -> Line:
    text = value.value if isinstance(value, yaml.ScalarNode) else None
    return Line(place, start.start_mark.line + 1, text)


def is_normative(line: Line) -> bool:
    """Whether the line says what a request may or an answer will be."""
    said = {name for above, name in pairwise(("", *line.place)) if above not in _NAMED}
    if line.text is None or _FOR_PEOPLE & said:
        return False
    if any(str(name).startswith("x-") for name in said):  # An extension, which clients may ignore.
        return False
    if line.place[-1] == "format" and line.text not in CHECKED_FORMATS:
        return False
    return not (line.place[-3:-2] == ("parameters",) and line.place[-1] in _SETTLED)
