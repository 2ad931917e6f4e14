"""Whether JSON content fits the schema that the document prints for it."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from json import dumps, loads
from typing import Any

from .replies import Body
from .spec import new_spec, objects, printed_schema


@cache
def _library() -> Any:
    """Return jsonschema_rs, or None if it isn't installed."""
    return import_module("jsonschema_rs") if find_spec("jsonschema_rs") else None


class Content:
    """The printed schema of a response's JSON content.

    `components` are the schemas of the document that the app itself gives. Only jsonschema_rs, if
    it is installed, compares values; the names of members are compared in any case.
    """

    def __init__(self, body: Body, components: Mapping[str, Any] = {}) -> None:
        spec = new_spec("3.1.0", {"title": "", "version": ""})
        schema = printed_schema(spec, body)
        schemas = {**components, **spec.components.schemas}
        self._whole = loads(dumps({**schema, "components": {"schemas": schemas}}))
        for each in objects(self._whole, self._whole, set()):
            properties = each.get("properties", {})
            # A member that is for requests alone isn't required in a response.
            for name, member in list(properties.items()):
                if isinstance(member, dict) and member.get("writeOnly"):
                    del properties[name]
                    each["required"] = [n for n in each.get("required", ()) if n != name]
            if properties and each.get("additionalProperties") is False:
                del each["additionalProperties"]  # `_undeclared` says it better.
        validator = getattr(_library(), "Draft202012Validator", None)
        self._validator = validator and validator(self._whole, validate_formats=True)

    def violations(self, value: Any) -> Iterator[str]:
        """Yield each undeclared member, by a path such as `books.0.id`, and each wrong value."""
        for member in self._undeclared([self._whole], value, ""):
            yield f"the member {member} is not declared"
        for error in self._validator.iter_errors(value) if self._validator else ():
            place = ".".join(map(str, error.instance_path))
            yield f"the {f'member {place}' if place else 'content'} is wrong: {error.message}"

    def _undeclared(self, schemas: list[Any], value: Any, place: str) -> Iterator[str]:
        """Yield each member that no schema declares. Schemas without properties declare any."""
        parts = [part for schema in schemas for part in self._parts(schema)]
        if isinstance(value, list):
            items = [part["items"] for part in parts if "items" in part]
            for number, item in enumerate(value):
                yield from self._undeclared(items, item, f"{place}{number}.")
        if not isinstance(value, dict):
            return
        others = [part["additionalProperties"] for part in parts if "additionalProperties" in part]
        is_open = not others and not any("properties" in part for part in parts)
        for name, member in value.items():
            given = [part.get("properties", {}) for part in parts]
            within = [each[name] for each in given if name in each] or [
                o for o in others if o is not False
            ]
            if within or is_open:
                yield from self._undeclared(within, member, f"{place}{name}.")
            else:
                yield f"{place}{name}"

    def _parts(self, schema: Any) -> Iterator[Mapping[str, Any]]:
        """Yield the schema and those that it refers to or combines."""
        if isinstance(schema, Mapping):
            yield schema
            for combined in ("allOf", "anyOf", "oneOf"):
                for each in schema.get(combined, ()):
                    yield from self._parts(each)
            name = schema.get("$ref", "").rpartition("/")[2]
            yield from self._parts(self._whole["components"]["schemas"].get(name))
