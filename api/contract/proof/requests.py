"""Mutations of requests: parameters, bodies, security."""

from collections.abc import Iterator

from ..readings import Node, Place
from .changes import Change, Direction, dropped, renamed, unknown_members
from .document import Document
from .references import content_changes
from .schemas import changes
from .values import is_json


def parameter_changes(document: Document, parameter: Node) -> Iterator[Change]:
    if "$ref" in parameter:
        other = {"in": "query", "name": "another", "required": True, "schema": {}}
        yield Change(("$ref",), (), other, "another", "different")
        return
    yield from unknown_members(parameter, "in", "name", "required", "schema")
    for change in changes(parameter.get("schema", {}), texts=True):
        yield change.within(("schema",))
    if parameter["in"] != "path":  # A path parameter is always required.
        changed = {**parameter, "required": not parameter.get("required", False)}
        direction: Direction = "stricter" if changed["required"] else "looser"
        yield Change(("name",), (), changed, f"required: {changed['required']}", direction)
        yield Change(("name",), ("name",), f"{parameter['name']}0", "renamed", "different")
        place = "query" if parameter["in"] == "header" else "header"
        yield Change(("in",), ("in",), place, f"in the {place}", "different")


def parameters_changes(document: Document, node: Node) -> Iterator[Change]:
    """Yield each mutation of the parameters of a path or an operation."""
    for i, parameter in enumerate(node.get("parameters", [])):
        for change in parameter_changes(document, parameter):
            yield change.within(("parameters", i))
        if document.resolve(parameter).get("in") != "path":
            rest = [p for p in node["parameters"] if p is not parameter]
            yield Change(("parameters", i), ("parameters",), rest, "dropped", "looser")


def body_changes(document: Document, body: Node) -> Iterator[Change]:
    if "$ref" in body:
        other = {"required": True, "content": {"application/x-another": {}}}
        yield Change(("$ref",), (), other, "another", "different")
        return
    changed = {**body, "required": not body.get("required", False)}
    direction: Direction = "stricter" if changed["required"] else "looser"
    line: Place = ("required",) if "required" in body else ()
    yield Change(line, (), changed, f"required: {changed['required']}", direction)
    content, place = body.get("content", {}), ("content",)
    yield from dropped(place, content)
    for media_type, kind in content.items():
        yield from renamed(place, content, media_type, f"{media_type}-0")
        texts = not is_json(media_type)
        yield from content_changes(document, kind, (*place, media_type), texts=texts)
    for media_type in ("application/json", "text/plain"):
        if content and not {media_type, "*/*"} & content.keys():
            more = {**content, media_type: next(iter(content.values()))}
            yield Change(place, place, more, f"{media_type} added", "looser")


def security_changes(document: Document, security: list[Node]) -> Iterator[Change]:
    for i, one in enumerate(security):
        rest = [other for other in security if other is not one]
        words = f"{', '.join(one) or 'anybody'} dropped"
        yield Change((i,), (), rest, words, "different")
    if security and {} not in security:
        yield Change((), (), [*security, {}], "anybody added", "looser")
    for name in document.root.get("components", {}).get("securitySchemes", {}):
        if not security:
            yield Change((), (), [{name: []}], f"{name} added", "stricter")
            yield Change((), (), [{name: []}, {}], f"{name} added, optional", "looser")


def scheme_changes(document: Document, scheme: Node) -> Iterator[Change]:
    other = {"type": "apiKey", "in": "header", "name": "X-Key-0"}
    yield Change(("type",), (), other, "an API key in X-Key-0", "different")
    if scheme.get("type") == "http":
        changed = "bearer" if scheme["scheme"] == "basic" else "basic"
        yield Change(("scheme",), ("scheme",), changed, changed, "different")
    if scheme.get("type") == "apiKey":
        yield Change(("name",), ("name",), f"{scheme['name']}-0", "renamed", "different")
        place = "query" if scheme["in"] == "header" else "header"
        yield Change(("in",), ("in",), place, place, "different")
