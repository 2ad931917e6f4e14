"""The features of a document that judging of exchanges leaves out."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..forms import FORM
from ..places import found_at, pointer
from ..readings import LISTS, NAMED, SINGLE, Node, Place
from .values import is_judged, is_of_files, is_text, separator

_VALUES = {
    *["const", "dependentRequired", "enum", "exclusiveMaximum", "exclusiveMinimum"],
    *["maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains"],
    *["minItems", "minLength", "minProperties", "minimum", "multipleOf", "pattern", "required"],
    *["type", "uniqueItems"],
}
_ANNOTATIONS = {
    *["$comment", "$id", "$schema", "contentEncoding", "contentMediaType", "default", "deprecated"],
    *["description", "example", "examples", "externalDocs", "format", "readOnly", "title"],
    *["writeOnly", "xml"],
}
"""The keywords of schemas that restrict values, and those that restrict nothing."""

_MAPS = {"content", "headers", "parameters", "pathItems", "paths", "requestBodies", "responses"} | {
    *["schemas", "securitySchemes"]
}
"""Objects whose members have arbitrary names."""
_INFORMATIVE = {"default", "enum", "const", "example", "examples", "info", "links", "tags"}


class NotJudged(NamedTuple):
    """A feature of a part of the document that the rules leave out."""

    place: Place
    what: str


def unjudged(
    root: Node, node: Any, place: Place = (), *, is_schema: bool = False, is_map: bool = False
) -> Iterator[NotJudged]:
    """Yield the features within the node. `is_map`: its members have arbitrary names."""
    if isinstance(node, list):
        for i, item in enumerate(node):
            yield from unjudged(root, item, (*place, i), is_schema=is_schema)
    for name, part in node.items() if isinstance(node, Mapping) else ():
        within = (*place, name)
        if not is_map and (what := _what(root, node, within, is_schema=is_schema)):
            yield NotJudged(within, what)
        elif is_map or name not in _INFORMATIVE:
            yield from unjudged(
                root,
                part,
                within,
                is_schema=is_schema or name == "schema" or place == ("components", "schemas"),
                is_map=not is_map and name in (NAMED if is_schema else _MAPS),
            )


def _what(root: Node, node: Node, place: Place, *, is_schema: bool) -> str:
    """Return which feature the last name of the place is, "" if the rules judge it."""
    name = str(place[-1])
    value = node[name]
    if name == "$ref":
        return "" if found_at(root, pointer(value)) is not None else f"$ref: {value}"
    if name == "discriminator" and not {"anyOf", "oneOf"} & node.keys():
        return "discriminator without oneOf"
    if is_schema:
        is_3_0 = str(root.get("openapi")).startswith("3.0")
        known = _ANNOTATIONS | LISTS | NAMED | SINGLE | {"discriminator"}
        known |= {"nullable", "exclusiveMinimum", "exclusiveMaximum"} if is_3_0 else set()
        is_known = name in known or name.startswith("x-")
        if name in _VALUES and not is_known:
            is_known, name = is_judged({name: value}), f"the invalid {name}: {value}"
        return "" if is_known else name
    if name == "schema" and place[-3:-2] == ("content",):
        media_type = str(place[-2])
        is_read = is_text(media_type) or (media_type in FORM and "responses" not in place)
        keywords = _VALUES | LISTS | NAMED | SINGLE | {"$ref"}
        is_open = not keywords.intersection(value if isinstance(value, Mapping) else {})
        return "" if is_read or is_open or is_of_files(value) else f"content of {media_type}"
    if name == "schema":
        target = found_at(root, pointer(value["$ref"])) if "$ref" in value else value
        is_read = separator({**node, "schema": target or {}}) is not None
        return "" if is_read else "the style of an object"
    is_left_out = (
        name in ("callbacks", "itemSchema", "webhooks")
        or (name == "servers" and len(place) > 1)
        or (name == "content" and {"headers", "parameters"}.intersection(place[-3:-2]))
        or value == "mutualTLS"
    )
    return name if is_left_out else ""
