"""The OpenAPI 3.1 document of an app, printed from its routes and operations by apispec."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from sys import modules
from typing import Any

import yaml
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_instance
from flask import Flask
from marshmallow import fields
from werkzeug.routing import Rule

from .gate import Gate
from .operation import Operation
from .operation_object import operation_object
from .replies import Reply


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of the app's documented operations.

    Operations and tags stand in the order in which the app registered them.

    Raises `ValueError` if an operation lacks the schema of its path, or a field its example.
    """
    gate: Gate = app.extensions["contract"]
    head = _head(app, gate)
    last_tags: list[dict[str, Any]] = head.pop("tags", [])
    plugin = MarshmallowPlugin(lambda schema: type(resolve_schema_instance(schema)).__name__)
    spec = APISpec(
        title=head["info"]["title"],
        version=head["info"]["version"],
        openapi_version=head["openapi"],
        plugins=[plugin],
    )
    converter: Any = plugin.converter  # APISpec sets it.
    converter.add_parameter_attribute_function(_example_in_path)
    converter.add_attribute_function(_as_component)
    tags: dict[str, dict[str, Any]] = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if isinstance(view, Operation) and view.documented:
            if rule.arguments != set(view.path().fields if view.path else []):
                raise ValueError(
                    f"{rule}: declare exactly the path's parameters in its path schema."
                )
            printed = operation_object(spec, view, gate.replies(view))
            if blueprint := rule.endpoint.rpartition(".")[0]:
                tag = blueprint.replace("_", " ").capitalize()
                described = modules[view.__module__].__doc__ or ""
                tags[tag] = {"name": tag, "description": described}
                printed = {"tags": [tag]} | printed
            path = re.sub(r"<(?:[^<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
            spec.path(path, operations=_by_method(rule, printed))
    for tag in [*tags.values(), *last_tags]:
        spec.tag(tag)
    # JSON leaves only plain types.
    whole = json.loads(json.dumps(spec.to_dict() | head))
    _open_responses(whole)
    order = dict.fromkeys([*head, "tags", "paths", "components"])
    return {member: whole[member] for member in order if member in whole}


def _open_responses(whole: dict[str, Any]) -> None:
    """Remove each `additionalProperties: false` from responses.

    So a member that is added later is a compatible change, because clients ignore members that they
    don't expect. A component that a request uses too keeps it.
    """
    operations = [operation for item in whole["paths"].values() for operation in item.values()]
    visited: set[str] = set()
    for operation in operations:
        for part in ("parameters", "requestBody"):
            list(_objects(whole, operation.get(part), visited))
    for operation in operations:
        for schema in _objects(whole, operation["responses"], visited):
            if schema.get("additionalProperties") is False:
                del schema["additionalProperties"]


def _objects(whole: dict[str, Any], node: Any, visited: set[str]) -> Iterator[dict[str, Any]]:
    """Yield each JSON object in `node` and in its components that weren't `visited` yet."""
    if isinstance(node, list):
        for item in node:
            yield from _objects(whole, item, visited)
    elif isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _objects(whole, value, visited)
        reference = node.get("$ref")
        if isinstance(reference, str) and reference not in visited:
            visited.add(reference)
            _, _, kind, name = reference.split("/")
            yield from _objects(whole, whole["components"][kind][name], visited)


def _as_component(converter: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to a component if the field's metadata has a name for its schema."""
    name = field.metadata.get("component")
    if not name:
        return {}
    converter.spec.components.schemas.setdefault(name, dict(ret))
    ret.clear()
    return {"$ref": f"#/components/schemas/{name}"}


def _example_in_path(_: Any, field: fields.Field[Any], ret: Mapping[str, Any]) -> dict[str, Any]:
    """Return the example of a path parameter, because Swagger UI ignores those of its schema."""
    examples = field.metadata.get("examples") if ret["in"] == "path" else None
    return {"example": examples[0]} if examples else {}


def _head(app: Flask, gate: Gate) -> dict[str, Any]:
    """Return the members that the app gives, with a table of unrouted replies."""
    head: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": app.name, "version": "0"},
        **deepcopy(gate.about),
    }
    rows = [f"| {s} | {r.description} | {_names(r)} |" for s, r in gate.unrouted_replies.items()]
    if rows:
        table = "\n".join(["| status | meaning | headers |", "|---|---|---|", *rows])
        tags: list[dict[str, Any]] = head.get("tags", [])
        described = tags[-1] if tags else head["info"]
        described["description"] = "\n\n".join(filter(None, [described.get("description"), table]))
    return head


def _by_method(rule: Rule, printed: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operation for each method of its rule.

    If there are several, each operationId begins with its method.
    """
    methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    if len(methods) == 1:
        return {methods[0].lower(): dict(printed)}
    name = printed["operationId"]
    ids = {m.lower(): m.lower() + name[0].upper() + name[1:] for m in methods}
    return {method: {**printed, "operationId": unique} for method, unique in ids.items()}


class _Yaml(yaml.SafeDumper):
    """Writes texts of several lines as blocks, escapes invisible characters, uses no aliases."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None if text.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)

    def write_double_quoted(self, text: str, _: bool = True) -> None:
        self.allow_unicode = False
        super().write_double_quoted(text, False)
        self.allow_unicode = True

    def ignore_aliases(self, data: object) -> bool:
        return True


_Yaml.add_representer(str, _Yaml.represent_text)


def to_yaml(document: Mapping[str, Any]) -> str:
    """Return the document as YAML, which is the same on every machine."""
    return yaml.dump(dict(document), Dumper=_Yaml, sort_keys=False, allow_unicode=True, width=100)


def _names(reply: Reply) -> str:
    return ", ".join(k if h.required else f"({k})" for k, h in reply.headers.items())
