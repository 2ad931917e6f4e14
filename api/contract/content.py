"""Whether JSON content fits the schema that the document prints for it."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from json import dumps, loads
from typing import Any

from .readings import OPEN, close, opened, without
from .replies import Body
from .spec import new_spec, printed_schema


class Content:
    """The printed schema of a response's JSON content, whose objects have only declared members.

    `components` are the schemas of the document that the app itself gives. This needs
    jsonschema_rs, which apps in production needn't have.
    """

    def __init__(self, body: Body, components: Mapping[str, Any] = {}) -> None:
        spec = new_spec("3.1.0", {"title": "", "version": ""})
        printed = printed_schema(spec, body)
        schemas = {"": printed, **components, **spec.components.schemas}
        read = {n: without(schema, "writeOnly") for n, schema in loads(dumps(schemas)).items()}
        whole = {name: close(schema) for name, schema in read.items()}
        parts = {f"{name}{OPEN}": opened(schema) for name, schema in read.items()}
        validator = import_module("jsonschema_rs").Draft202012Validator
        self._validator = validator(
            {**whole[""], "components": {"schemas": whole | parts}}, validate_formats=True
        )

    def violations(self, value: Any) -> Iterator[str]:
        """Yield each undeclared member, by a path such as `books.0.id`, and each wrong value."""
        for error in self._validator.iter_errors(value):
            place = [*map(str, error.instance_path)]
            unexpected = getattr(error.kind, "unexpected", [])
            for name in unexpected:
                yield f"the member {'.'.join([*place, name])} is not declared"
            if not unexpected:
                what = f"member {'.'.join(place)}" if place else "content"
                yield f"the {what} is wrong: {error.message}"
