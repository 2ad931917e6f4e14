"""The members of a JSON value that its schema doesn't declare."""

from collections.abc import Iterator
from typing import Any

from marshmallow import Schema, fields

_ANY: dict[str, Any] = {}


def undeclared_members(schema: Any, value: Any, place: str = "") -> Iterator[str]:
    """Yield the path of each member of `value` that isn't declared, such as `books.0.colour`.

    The schema is marshmallow's or a JSON Schema. One that names no property declares any member.
    """
    members = enumerate(value) if isinstance(value, list) else ()
    for name, member in value.items() if isinstance(value, dict) else members:
        within = _within(schema, name)
        if within is None:
            yield f"{place}{name}"
        else:
            yield from undeclared_members(within, member, f"{place}{name}.")


def _within(schema: Any, name: str | int) -> Any:
    """Return the schema of this member or item, or None if it isn't declared."""
    schema = schema() if isinstance(schema, type) else schema
    schema = schema.schema if isinstance(schema, fields.Nested) else schema
    if isinstance(schema, Schema):
        declared = {field.data_key or key: field for key, field in schema.dump_fields.items()}
        return schema if isinstance(name, int) else declared.get(name)
    if isinstance(schema, fields.List):
        return schema.inner
    if isinstance(schema, fields.Dict):
        return schema.value_field or _ANY
    if isinstance(schema, fields.Field):
        return _ANY
    if isinstance(name, int):
        return schema.get("items", _ANY)
    others = schema.get("additionalProperties", "properties" not in schema)
    if isinstance(others, bool):
        others = _ANY if others else None
    return schema.get("properties", _ANY).get(name, others)
