"""The Operation Object (OpenAPI 3.1, section 4.8.10) of one operation."""

from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.common import resolve_schema_instance
from marshmallow import Schema, fields

from .headers import Header
from .operations import Operation
from .replies import Body, Reply
from .spec import printed_schema


def operation_object(
    spec: APISpec, view: Operation, replies: Mapping[int, Reply], path: Schema | None
) -> dict[str, Any]:
    """Return the Operation Object, and add the components that it refers to to `spec`.

    `path` is the schema of the parameters in the path.
    """
    summary, _, description = cleandoc(view.__doc__ or "").partition("\n\n")
    printed: dict[str, Any] = {
        "operationId": view.operation_id,
        "summary": summary.rstrip("."),
        "description": description,
    }
    headers = view.headers and view.headers.schema
    parameters = {"path": path, "query": view.query, "header": headers, "cookie": view.cookies}
    if given := [{"in": place, "schema": schema} for place, schema in parameters.items() if schema]:
        printed["parameters"] = given
    if view.body:
        schema = view.body.schema
        if schema.unknown != schema.opts.unknown:  # A component is the same for all operations.
            raise ValueError(f"{type(schema).__name__}: give unknown in class Meta of a schema.")
        content = {m: _body(spec, 0, body) for m, body in view.body.content.items()}
        if not content:
            body = {"schema": schema, "example": _example(schema, "load_fields")}
            content = {media_type: dict(body) for media_type in view.body.decoders}
        printed["requestBody"] = {"required": view.body.required, "content": content}
    printed["security"] = []
    if view.credentials:
        for one in view.credentials.parts():
            if spec.components.security_schemes.setdefault(one.name, {**one.scheme}) != one.scheme:
                raise ValueError(f"Two security schemes have the name {one.name}: rename one.")
        printed["security"] = view.credentials.requirements()
        printed["security"] += [{}] if view.credentials.optional else []
    responses = {str(s): _reply(spec, s, r) for s, r in replies.items()}
    return {**printed, **view.members, "responses": responses}


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
    def of_status(example: Any) -> Any:
        return example(status) if callable(example) else example

    example = of_status(body.example)
    if example is None and not body.examples and not isinstance(body.schema, Mapping):
        example = _example(resolve_schema_instance(body.schema), "dump_fields")
    # Without keywords, apispec prints the schema later, so that components stand in their order.
    schema = printed_schema(spec, body) if body.keywords else body.schema
    if body.examples:
        named = {name: {"value": of_status(value)} for name, value in body.examples.items()}
        return {"schema": schema, "examples": named}
    return {"schema": schema} | ({} if example is None else {"example": example})


def _example(schema: Schema, used: str, within: tuple[type[Schema], ...] = ()) -> Any:
    """Return an object of the first example of each field, or for `many` an array of one.

    `used` are the "load_fields" or "dump_fields". The example of a nested schema is that of its
    own fields, unless it has one or is `within` itself.
    """
    example = {}
    within = (*within, type(schema))
    for name, field in getattr(schema, used).items():
        examples = field.metadata.get("examples")
        if not examples and isinstance(field, fields.Nested) and type(field.schema) not in within:
            examples = [_example(field.schema, used, within)]
        if not examples:
            missing = "metadata={'examples': [...]}"
            raise ValueError(f"{type(schema).__name__}.{name} needs {missing}.")
        example[field.data_key or name] = examples[0]
    return [example] if schema.many else example
