"""Mutations of responses: headers, representations, links."""

from collections.abc import Iterator
from itertools import islice

from ..readings import Node, Place
from .changes import Change, Direction, dropped, renamed, unknown, unknown_members
from .document import Document
from .references import content_changes, operations
from .schemas import changes

_MOST_TARGETS = 8
"""So many other operations are tried for each link."""


def reply_changes(document: Document, reply: Node) -> Iterator[Change]:
    if "$ref" in reply:
        headers = {"Another": {"required": True, "schema": {}}}
        yield Change(("$ref",), (), {"headers": headers}, "another", "different")
        return
    yield from unknown_members(reply, "headers", "content", "links")
    for part in "headers", "content", "links":
        yield from dropped((part,), reply.get(part, {}))
    for name, header in reply.get("headers", {}).items():
        place: Place = ("headers", name)
        if "$ref" in header:
            other = {"required": True, "schema": {"const": "another"}}
            yield Change((*place, "$ref"), place, other, "another", "different")
        else:
            for change in header_changes(document, header):
                yield change.within(place)
        yield from renamed(("headers",), reply["headers"], name, f"{name}-0")
    content = reply.get("content", {})
    for media_type, kind in content.items():
        yield from renamed(("content",), content, media_type, f"{media_type}-0")
        more = {**content, f"{media_type}-0": kind}
        line = ("content", media_type)
        yield Change(line, ("content",), more, f"{media_type}-0 added", "looser")
        yield from content_changes(document, kind, line, closed=True)
    for name, link in reply.get("links", {}).items():
        for change in link_changes(document, link):
            yield change.within(("links", name))


def link_changes(document: Document, link: Node) -> Iterator[Change]:
    if "operationId" not in link:
        yield unknown((), "a link without operationId")
        return
    yield from unknown_members(link, "operationId", "parameters")
    own = link["operationId"]
    ids = (each.get("operationId", own) for each in operations(document.root))
    for other in islice((each for each in ids if each != own), _MOST_TARGETS):
        changed = {**link, "operationId": other}
        yield Change(("operationId",), (), changed, f"to {other}", "different")
    for name, expression in link.get("parameters", {}).items():
        line = ("parameters", name)
        if not str(expression).startswith("$response.body#"):
            yield unknown(line, f"a link by {expression}")
            continue
        yield Change(line, line, f"{expression}0", f"{expression}0", "different")
        yield from renamed(("parameters",), link["parameters"], name, f"{name}0")


def header_changes(document: Document, header: Node) -> Iterator[Change]:
    yield from unknown_members(header, "required", "schema")
    changed = {**header, "required": not header.get("required", False)}
    direction: Direction = "stricter" if changed["required"] else "looser"
    line: Place = ("required",) if "required" in header else ()
    yield Change(line, (), changed, f"required: {changed['required']}", direction)
    for change in changes(header.get("schema", {}), texts=True):
        yield change.within(("schema",))
