"""The OpenAPI 3.1 document of an app, printed from its routes and operations by apispec."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from sys import modules
from typing import Any

import yaml
from flask import Flask
from marshmallow import Schema
from werkzeug.routing import Rule

from .gate import Gate
from .operation_object import operation_object
from .operations import Operation, operations
from .places import part_at, pointer, references
from .replies import Reply
from .spec import new_spec


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of the app's documented operations.

    Operations and tags stand in the order in which the app registered them.

    Raises `ValueError` if the document would be wrong or incomplete: for views that aren't declared
    (unless the gate isn't strict), operations that OpenAPI can't tell apart, an operation without
    the schema of its path, and a field without an example.
    """
    gate: Gate = app.extensions["contract"]
    if undeclared := gate.undeclared_views():
        said = f"These views aren't declared: {', '.join(undeclared)}."
        if gate.strict:
            raise ValueError(
                f"{said} Put @operation below their routes, with documented=False for views that "
                "the document leaves out, or make the gate strict=False."
            )
        app.logger.warning(said)
    head = _head(app, gate)
    if "paths" in head:
        raise ValueError("Leave paths out of about: the document has those of the operations.")
    last_tags: list[dict[str, Any]] = head.pop("tags", [])
    spec = new_spec(head["openapi"], head["info"])
    tags: dict[str, dict[str, Any]] = {}
    known: dict[str, str] = {}
    for rule, methods in operations(app):
        path = re.sub(r"<(?:[^<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for method, view in methods.items():
            if view is None or not view.documented:
                continue
            shared = list(methods.values()).count(view) > 1
            given = operation_object(spec, view, gate.replies(view), _path_schema(rule, path, view))
            place = f"{method} {path}"
            given["operationId"] = _operation_id(known, rule, place, view, shared=shared)
            blueprint = rule.endpoint.rpartition(".")[0]
            if view.tags is not None:
                given = {"tags": [*view.tags]} | given
            elif blueprint:
                name = re.sub("[._]", " ", blueprint).capitalize()
                described = modules[view.__module__].__doc__ or ""
                tags[name] = {"name": name, "description": described}
                given = {"tags": [name]} | given
            spec.path(path, operations={method.lower(): given})
    for tag in [*tags.values(), *last_tags]:
        spec.tag(tag)
    # JSON leaves only plain types.
    own: dict[str, Any] = head.pop("components", {})
    whole = json.loads(json.dumps(spec.to_dict() | head))
    for kind, components in own.items():
        whole.setdefault("components", {}).setdefault(kind, {}).update(components)
    _open_responses(whole)
    order = dict.fromkeys([*head, "tags", "paths", "components"])
    return {member: whole[member] for member in order if member in whole}


def _path_schema(rule: Rule, path: str, view: Operation) -> Schema | None:
    """Return the schema of the path's parameters, without those that have defaults instead."""
    names = set(re.findall("{([^{}]+)}", path))
    declared = set(view.path.fields) if view.path else set()
    if names != declared - (set(rule.defaults or ()) - names):
        raise ValueError(f"{rule}: declare exactly the path's parameters in its path schema.")
    if view.path is None or names == declared:
        return view.path
    return type(view.path)(only=names) if names else None


def _operation_id(
    known: dict[str, str], rule: Rule, place: str, view: Operation, *, shared: bool
) -> str:
    """Return the operationId of the view at `place`, such as `GET /notes/{id}`.

    If the view serves several methods of the path (`shared`), its name follows the method's.
    Raises `ValueError` if OpenAPI can't tell the place or the operationId from a `known` one.
    """
    method, path = place.split(" ", 1)
    name = view.operation_id
    name = f"{method.lower()}{name[0].upper()}{name[1:]}" if shared else name
    name = name if isinstance(view.ids, str) else view.ids.get(place, name)
    one_path = re.sub("{[^{}]*}", "{}", path)
    rules, mapping = f"{rule} ({rule.endpoint})", f"operation_id={{'{place}': '...'}}"
    for key, value, said in [
        (f"{method} {one_path}", rules, f"are both {place}: leave one out by documented=False."),
        (one_path, path, "are one path: name their parameters alike."),
        (f"#{name}", place, f"have the operationId {name}: give one of them {mapping}."),
    ]:
        if (other := known.setdefault(key, value)) != value:
            raise ValueError(f"{value} and {other} {said}")
    return name


def _open_responses(whole: dict[str, Any]) -> None:
    """Remove each `additionalProperties: false` from responses.

    So a member that is added later is a compatible change, because clients ignore members that they
    don't expect. A component that a request uses too keeps it.
    """
    operations = [operation for item in whole["paths"].values() for operation in item.values()]
    requests = [each.get(part) for each in operations for part in ("parameters", "requestBody")]
    responses = [operation["responses"] for operation in operations]
    shared = set(references(whole, requests))
    own = [name for name in references(whole, responses) if name not in shared]
    for schema in _objects([responses, *(part_at(whole, pointer(name)) for name in own)]):
        if schema.get("additionalProperties") is False:
            del schema["additionalProperties"]


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield each JSON object in the node."""
    if isinstance(node, dict):
        yield node
    for item in node.values() if isinstance(node, dict) else node:
        if isinstance(item, dict | list):
            yield from _objects(item)


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
