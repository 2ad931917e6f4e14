"""The Operation Object (OpenAPI 3.1, section 4.8.10) of one operation."""

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.common import resolve_schema_instance
from marshmallow import Schema

from .headers import Header
from .operation import Operation
from .replies import Body, Reply


def operation_object(
    spec: APISpec, view: Operation, replies: Mapping[int, Reply]
) -> dict[str, Any]:
    """Return the Operation Object, and add the components that it refers to to `spec`."""
    summary, _, description = cleandoc(view.__doc__ or "").partition("\n\n")
    printed: dict[str, Any] = {
        "operationId": view.operation_id,
        "summary": summary.rstrip("."),
        "description": description,
    }
    headers = view.headers and view.headers.schema
    parameters = {"path": view.path, "query": view.query, "header": headers}
    if given := [{"in": place, "schema": schema} for place, schema in parameters.items() if schema]:
        printed["parameters"] = given
    if view.body:
        body = {"schema": view.body.schema, "example": _example(view.body.schema)}
        content = {media_type: dict(body) for media_type in view.body.decoders}
        printed["requestBody"] = {"required": True, "content": content}
    printed["security"] = []
    if view.credentials:
        name = view.credentials.name
        spec.components.security_schemes.setdefault(name, dict(view.credentials.scheme))
        printed["security"] = [{name: []}, {}] if view.credentials.optional else [{name: []}]
    return printed | {"responses": {str(s): _reply(spec, s, r) for s, r in replies.items()}}


def _reply(spec: APISpec, status: int, reply: Reply) -> dict[str, Any]:
    headers = {name: _header(spec, name, h) for name, h in sorted(reply.headers.items())}
    printed: dict[str, Any] = {"description": reply.description}
    if headers:
        printed["headers"] = headers
    if reply.content:
        printed["content"] = {m: _body(spec, status, body) for m, body in reply.content.items()}
    if reply.links:
        printed["links"] = {
            name: {
                "operationId": link.operation,
                "parameters": dict(link.parameters),
                "description": link.description,
            }
            for name, link in reply.links.items()
        }
    return printed


def _header(spec: APISpec, name: str, header: Header) -> dict[str, Any]:
    """Return a reference to the header's component, or the header if that differs."""
    described = {"description": header.description} if header.description else {}
    printed = {**described, "required": header.required, "schema": dict(header.schema)}
    component = spec.components.headers.setdefault(name, printed)
    return {"$ref": f"#/components/headers/{name}"} if component == printed else printed


def _body(spec: APISpec, status: int, body: Body) -> dict[str, Any]:
    example = body.example(status) if callable(body.example) else body.example
    if example is None and not isinstance(body.schema, Mapping):
        example = _example(resolve_schema_instance(body.schema))
    schema: Any = body.schema
    if body.keywords:
        resolver = spec.plugins[0].resolver  # type: ignore[attr-defined]
        schema = {**resolver.resolve_schema_dict(schema), "allOf": [dict(body.keywords)]}
    return {"schema": schema} | ({} if example is None else {"example": example})


def _example(schema: Schema) -> dict[str, Any]:
    """Return an object of the first example of each field."""
    example = {}
    for name, field in schema.fields.items():
        if not (examples := field.metadata.get("examples")):
            missing = "metadata={'examples': [...]}"
            raise ValueError(f"{type(schema).__name__}.{name} needs {missing}.")
        example[field.data_key or name] = examples[0]
    return example
