"""Schemas of JSON Schema, printed from those of marshmallow by apispec."""

import re
from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_instance
from marshmallow import fields

from .fields import PRINTED
from .replies import Body


def new_spec(version: str, info: Mapping[str, Any]) -> APISpec:
    """Return an empty document of apispec, of a version of OpenAPI."""
    plugin = MarshmallowPlugin(_name)
    spec = APISpec(
        title=info["title"], version=info["version"], openapi_version=version, plugins=[plugin]
    )
    converter: Any = plugin.converter  # APISpec sets it.
    converter.field_mapping.update(PRINTED)
    converter.add_parameter_attribute_function(_example_in_path)
    converter.add_attribute_function(_as_component)
    return spec


def printed_schema(spec: APISpec, body: Body) -> Any:
    """Return the schema of the body, and add the components that it refers to to `spec`."""
    resolver = spec.plugins[0].resolver  # type: ignore[attr-defined]
    printed = resolver.resolve_schema_dict(body.schema)
    return {**printed, "allOf": [dict(body.keywords)]} if body.keywords else printed


def _name(schema: Any) -> str:
    """Return the name of the schema's class, with the options of the instance."""
    schema = resolve_schema_instance(schema)
    name = ("Partial" if schema.partial else "") + type(schema).__name__
    without = set(schema.exclude) - set(schema.opts.exclude)
    for word, names in ("With", schema.only), ("Without", without):
        if names:
            words = re.split("[._]", ".".join(sorted(names)))
            name += word + "".join(word.capitalize() for word in words)
    return name


def _example_in_path(_: Any, field: fields.Field[Any], ret: Mapping[str, Any]) -> dict[str, Any]:
    """Return the example of a path parameter, because Swagger UI ignores those of its schema."""
    examples = field.metadata.get("examples") if ret["in"] == "path" else None
    return {"example": examples[0]} if examples else {}


def _as_component(converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to a component if the field's metadata has a name for its schema."""
    name = field.metadata.get("component")
    if not name:
        return {}
    if converter.spec.components.schemas.setdefault(name, dict(ret)) != ret:
        raise ValueError(f"Two schemas have metadata component={name!r}, and differ: rename one.")
    ret.clear()
    return {"$ref": f"#/components/schemas/{name}"}
