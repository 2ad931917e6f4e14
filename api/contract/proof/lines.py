"""The lines of a document's file, and which of them are normative."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import yaml

from ..readings import Place
from .changes import INFORMATIVE
from .document import LOADER
from .schemas import CHECKED_FORMATS

_NAMED = {"responses", "headers", "links", "properties", "schemas", "securitySchemes"}
"""Objects whose members have arbitrary names."""

_FIXED = {"in", "name", "required"}
"""Members of a path parameter that its path determines."""


class Line(NamedTuple):
    """A member or an item, the number of its first line, and its text if it is a scalar."""

    place: Place
    number: int
    text: str | None


def lines(file: Path) -> list[Line]:
    """Return each member and item of a YAML or JSON file, in order. The first line is 1."""
    text = file.read_text(encoding="utf-8").replace("\t", " ")  # JSON may be indented by tabs.
    root = yaml.compose(text, Loader=LOADER)
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
    """Return whether the line restricts requests or responses."""
    names = {name for above, name in pairwise(("", *line.place)) if above not in _NAMED}
    if line.text is None or INFORMATIVE & names:
        return False
    if any(str(name).startswith("x-") for name in names):  # An extension, which clients may ignore.
        return False
    if line.place[-1] == "format" and line.text not in CHECKED_FORMATS:
        return False
    if line.place[-4:-3] == ("security",):  # A scope, which no request shows.
        return False
    return not (line.place[-3:-2] == ("parameters",) and line.place[-1] in _FIXED)
