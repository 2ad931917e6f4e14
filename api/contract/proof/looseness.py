"""Where a document says little, so that saying nothing is as visible as what isn't proven."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..readings import Node, Place, schemas_in
from .changes import INFORMATIVE
from .document import Document
from .unjudged import NotJudged
from .values import fits

_KINDS = {"type", "$ref", "enum", "const", "allOf", "anyOf", "oneOf", "not", "properties"}
_WITHIN = {"properties", "items", "additionalProperties", "allOf", "anyOf", "oneOf"}
_BOUNDS = {"enum", "const", "pattern", "maxLength", "format", "contentMediaType"}
_FORMATS = ("date-time", "date", "uuid", "email", "ipv4", "uri")
"""The formats that an example shows, each only if the ones before don't."""


def looseness(root: Node) -> list[NotJudged]:
    """Return each part that allows more than it need, and what it leaves open."""
    found = list(_within(root, ()))
    for each in Document(root).operations():
        if not (each.allows_anonymous or each.response(401) or each.response(403)):
            found.append(NotJudged((*each.place, "responses"), "401 isn't declared"))
    return found


def _within(node: Any, place: Place) -> Iterator[NotJudged]:
    if isinstance(node, list):
        for i, item in enumerate(node):
            yield from _within(item, (*place, i))
    for name, part in node.items() if isinstance(node, Mapping) else ():
        within, is_named = (*place, name), place[-1:] in (("headers",), ("parameters",))
        of_statuses = place[-1:] == ("responses",) and place[0] == "paths"
        if of_statuses and not str(name).isdigit():
            yield NotJudged(within, "responses of several statuses")
        elif name in INFORMATIVE and not is_named:
            continue
        if place[-1:] == ("content",) and not part.get("schema"):
            yield NotJudged(within, "content without a schema")
        elif (name == "schema" and not is_named) or place == ("components", "schemas"):
            yield from _of_schema(part, within)
        else:
            yield from _within(part, within)


def _of_schema(schema: Any, place: Place) -> Iterator[NotJudged]:
    if not isinstance(schema, Mapping):
        return
    kind, members = schema.get("type", ""), {"properties", "additionalProperties"}
    if not _KINDS & schema.keys():
        yield NotJudged(place, "any value")
    if "string" in kind and not _BOUNDS & schema.keys():
        yield NotJudged(place, "a string without maxLength, pattern, enum or format")
    if "string" in kind and not {"format", "enum", "const"} & schema.keys():
        for text in [*schema.get("examples", []), schema.get("example")][:1]:
            found = [name for name in _FORMATS if fits({"type": "string", "format": name}, text)]
            if found:
                yield NotJudged(place, f"no format, though the example is a {found[0]}")
    if "array" in kind and "maxItems" not in schema:
        yield NotJudged(place, "an array without maxItems")
    # All members of a request may be optional, and another part of an `allOf` may require some.
    is_exempt = {"requestBody", "allOf"} & {*place} or {"allOf", "$ref"} & schema.keys()
    if schema.get("properties") and "required" not in schema and not is_exempt:
        yield NotJudged(place, "an object of which no member is required")
    if "object" in kind and not (members | _KINDS - {"type"}) & schema.keys():
        yield NotJudged(place, "an object of any members")
    for within, part in schemas_in(schema).items():
        if within[0] in _WITHIN:
            yield from _of_schema(part, (*place, *within))
