"""The document: routes and what their views promise, printed by apispec as OpenAPI 3.1."""

import json
import re
from collections.abc import Mapping
from inspect import cleandoc
from sys import modules
from typing import Any

import yaml
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_instance
from flask import Flask

from api.contract import Gate
from api.forms import MEDIA_TYPES
from api.operations import Operation
from api.replies import JSON, Body, Header, Reply

VERSION = "1.0.0"
"""The contract's version: semantic, so a breaking change raises the first number."""

_DESCRIPTION = """\
Takes sign-ups and user details, as forms. Every example here works as it stands: try them.

This document declares every answer: each status, each representation, each header. Ask for JSON
with `Accept: application/json`; who doesn't say gets plain text.

Fields that a form doesn't have are ignored; a field of the form given twice is refused, and the
query string never counts. Lengths count code points. Every error is a problem (RFC 9457).

When several refusals apply, the first of: 404, 405, 429, 413, 415, 406, 401, 400, 403, 409; except
that the 404 of a record comes after 429, since finding it is work.

`HEAD` is answered as `GET` is, without the content. Answers that belong to no operation (the
headers in brackets only where the address is `/userSignUp`, which pages of any origin may use):

| status | meaning | headers |
|---|---|---|
"""


def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of the app's documented operations."""
    gate: Gate = app.extensions["contract"]
    beside = (f"| {s} | {r.description} | {_names(r)} |" for s, r in gate.beside.items())
    spec = APISpec(
        title="Sign-up API",
        version=VERSION,
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(lambda schema: type(resolve_schema_instance(schema)).__name__)],
        info={
            "description": _DESCRIPTION + "\n".join(beside),
            "contact": {"name": "The maintainers of the sign-up API"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        servers=[{"url": "/", "description": "The service that serves this document."}],
    )
    tags: dict[str, str] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        if isinstance(view, Operation) and view.documented:
            tag = rule.endpoint.split(".")[0].replace("_", " ").capitalize()
            tags[tag] = modules[view.__module__].__doc__ or ""
            path = re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule)
            (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            printed = {"tags": [tag]} | _operation(spec, view, gate.always)
            spec.path(path, operations={method.lower(): printed})
    for tag, description in tags.items():
        spec.tag({"name": tag, "description": description})
    # Through JSON, so that only plain kinds of values are left.
    whole = json.loads(json.dumps(spec.to_dict()))
    return {k: whole[k] for k in ("openapi", "info", "servers", "tags", "paths", "components")}


class _Yaml(yaml.SafeDumper):
    """Several lines as a block, and what is shared written out each time."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, "|" if "\n" in text else None)

    def ignore_aliases(self, data: object) -> bool:
        return True


_Yaml.add_representer(str, _Yaml.represent_text)


def to_yaml(document: Mapping[str, Any]) -> str:
    """The document as YAML: the same bytes on every machine."""
    return yaml.dump(dict(document), Dumper=_Yaml, sort_keys=False, allow_unicode=True, width=100)


def _operation(spec: APISpec, view: Operation, always: Mapping[str, Header]) -> dict[str, Any]:
    summary, _, description = cleandoc(view.__doc__ or "").partition("\n\n")
    printed: dict[str, Any] = {
        "operationId": _camel(view.__name__),
        "summary": summary.rstrip("."),
        "description": description,
    }
    if view.path:
        printed["parameters"] = [{"in": "path", "schema": view.path}]
    if view.form:
        content = {media_type: _body(200, Body(view.form)) for media_type in MEDIA_TYPES}
        printed["requestBody"] = {"required": True, "content": content}
    printed["security"] = []
    if view.credentials:
        name = view.credentials.name
        spec.components.security_schemes.setdefault(name, dict(view.credentials.scheme))
        printed["security"] = [{name: []}, {}] if view.credentials.optional else [{name: []}]
    replies = {status: reply.having(always) for status, reply in view.replies.items()}
    return printed | {"responses": {str(s): _reply(spec, s, r) for s, r in replies.items()}}


def _reply(spec: APISpec, status: int, reply: Reply) -> dict[str, Any]:
    headers = {name: _header(spec, name, h) for name, h in sorted(reply.headers.items())}
    printed: dict[str, Any] = {"description": reply.description, "headers": headers}
    if reply.content:
        # JSON first: it is what most client generators take.
        media_types = sorted(reply.content, key=lambda media_type: media_type != JSON)
        printed["content"] = {m: _body(status, reply.content[m]) for m in media_types}
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
    """A reference to the header among the components, which hold each once."""
    described = {"description": header.description} if header.description else {}
    printed = {**described, "required": header.required, "schema": dict(header.schema)}
    known = spec.components.headers.setdefault(name, printed)
    return {"$ref": f"#/components/headers/{name}"} if known == printed else printed


def _body(status: int, body: Body) -> dict[str, Any]:
    example = body.example(status) if callable(body.example) else body.example
    if example is None and not isinstance(body.schema, Mapping):
        fields = resolve_schema_instance(body.schema).fields.items()
        example = {name: field.metadata["examples"][0] for name, field in fields}
    return {"schema": body.schema, "example": example}


def _names(reply: Reply) -> str:
    return ", ".join(k if h.required else f"({k})" for k, h in reply.headers.items())


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
