"""How a schema judges requests, and how it judges responses.

Requests needn't have members that are `readOnly`. Responses must not have members that are
`writeOnly`, and no undeclared members either, unless the schema's `additionalProperties` allows
them: the service sends no others today, and the document allows more only so that a later version
may add some.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

Node = Mapping[str, Any]
Place = tuple[str | int, ...]
"""The names and indexes that lead to a part of a document."""

LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
NAMED = {"properties", "patternProperties", "dependentSchemas"}
SINGLE = {"items", "additionalProperties", "propertyNames", "contains", "not", "if", "then"} | {
    *["else", "unevaluatedItems", "unevaluatedProperties"]
}
_BRANCHES = {"allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "not"}
"""The keywords whose schemas judge the same value as the schema that has them."""


def changed(schema: Node, change: Callable[[Place, Node], Node]) -> dict[str, Any]:
    """Return the schema with each schema directly within changed, by its place and itself."""

    def each(place: Place, within: Any) -> Any:
        return change(place, within) if isinstance(within, Mapping) else within

    whole = dict(schema)
    for keyword, value in schema.items():
        if keyword in LISTS and isinstance(value, list):
            whole[keyword] = [each((keyword, i), within) for i, within in enumerate(value)]
        elif keyword in NAMED and isinstance(value, Mapping):
            whole[keyword] = {name: each((keyword, name), value[name]) for name in value}
        elif keyword in SINGLE:
            whole[keyword] = each((keyword,), value)
    return whole


def schemas_in(schema: Node) -> dict[Place, Node]:
    """Return each schema directly within the schema, by its place."""
    found: dict[Place, Node] = {}
    changed(schema, found.setdefault)
    return found


def without(schema: Node, keyword: str, *, are_allowed: bool = False) -> Node:
    """Return the schema without its members that are `readOnly`, or `writeOnly`.

    `are_allowed`: a value may have them, but needn't.
    """
    whole = changed(schema, lambda _, within: without(within, keyword, are_allowed=are_allowed))
    members = whole.get("properties", {}).items()
    hidden = {n for n, within in members if isinstance(within, Mapping) and within.get(keyword)}
    if hidden:
        whole["required"] = [name for name in whole.get("required", []) if name not in hidden]
    if hidden and not are_allowed:
        whole["properties"] = {n: within for n, within in members if n not in hidden}
    return whole


def close(schema: Node) -> Node:
    """Return the schema with undeclared members forbidden at every level.

    The schema of a base class stays open, because derived classes add members. It has a
    `discriminator` without `oneOf`.
    """
    if "$ref" in schema and not _names(schema):
        return schema  # The whole schema is the target, which is closed itself.
    is_base = "discriminator" in schema and not {"oneOf", "anyOf"} & schema.keys()
    if is_base or not _declares(schema):
        return opened(schema)
    is_simple = not (_BRANCHES | {"$ref"}) & schema.keys()
    return {"additionalProperties" if is_simple else "unevaluatedProperties": False} | opened(
        schema
    )


def opened(schema: Node, repeated: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the schema with undeclared members forbidden only within its members.

    The schemas of `repeated` members stay open, because several schemas of an `allOf` describe a
    part of each.
    """
    if "allOf" in schema:
        repeated |= {name for name, number in Counter(_names(schema)).items() if number > 1}

    def within(place: Place, schema: Node) -> Node:
        if place[0] not in _BRANCHES:
            is_part = place[0] == "properties" and place[1] in repeated
            return opened(schema) if is_part else close(schema)
        is_free = "object" in schema.get("type", "object") and not _declares(schema)
        if is_free and place[0] in ("anyOf", "oneOf") and not _NARROWING & schema.keys():
            return {"additionalProperties": True, **schema}
        return opened(schema, repeated)

    whole = changed(schema, within)
    if "$ref" in schema:
        whole["$ref"] += OPEN
    return whole


OPEN = "-open"
"""The end of the name of a definition that doesn't forbid undeclared members."""
_NARROWING = {"required", "enum", "const", "additionalProperties", *_BRANCHES}


def _names(schema: Node) -> list[str]:
    """Return the names of the schema's members, and of those in its `allOf`."""
    members = (within for within in schema.get("allOf", []) if isinstance(within, Mapping))
    return [*schema.get("properties", {}), *(name for within in members for name in _names(within))]


def _declares(schema: Node) -> bool:
    """Return whether the schema names members of an object."""
    branches = (s for place, s in schemas_in(schema).items() if place[0] in _BRANCHES - {"not"})
    return bool({"properties", "$ref"} & schema.keys()) or any(map(_declares, branches))


def as_in_3_1(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of OpenAPI 3.0 as one of OpenAPI 3.1."""
    for bound, exclusive in ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    if schema.pop("nullable", False) is not True:
        return schema
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    hidden = {keyword: schema[keyword] for keyword in {"readOnly", "writeOnly"} & schema.keys()}
    return {"anyOf": [schema, {"type": "null"}], **hidden}


def covers(one: Node, other: Node) -> bool:
    """Return whether every value of `other` is certainly valid for `one`.

    This needs jsonschema_rs, which apps in production needn't have.
    """
    library = import_module("jsonschema_rs")
    try:
        whole = library.canonicalize(dict(one)).covers(library.canonicalize(dict(other)))
    except (TypeError, ValueError):  # Such as a circular reference.
        return False
    return bool(whole == library.canonical.Containment.YES)
