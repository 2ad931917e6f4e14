"""Mutations of responses: headers, representations, links."""

from collections.abc import Iterator

from .changes import Change, Direction, Place, dropped, renamed
from .document import METHODS, Node
from .references import content_changes
from .schemas import changes


def reply_changes(document: Node, reply: Node) -> Iterator[Change]:
    for part in "headers", "content", "links":
        yield from dropped((part,), reply.get(part, {}))
    for name, header in reply.get("headers", {}).items():
        place: Place = ("headers", name)
        if "$ref" in header:
            other = {"required": True, "schema": {"const": "another"}}
            yield Change((*place, "$ref"), place, other, "another", "different")
        else:
            for change in header_changes(header):
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


def link_changes(document: Node, link: Node) -> Iterator[Change]:
    for item in document["paths"].values():
        for method, operation in item.items():
            other = operation["operationId"]
            if method in METHODS and other != link["operationId"]:
                changed = {**link, "operationId": other}
                yield Change(("operationId",), (), changed, f"to {other}", "different")
    for name, expression in link["parameters"].items():
        line = ("parameters", name)
        yield Change(line, line, f"{expression}0", f"{expression}0", "different")
        yield from renamed(("parameters",), link["parameters"], name, f"{name}0")


def header_changes(header: Node) -> Iterator[Change]:
    changed = {**header, "required": not header.get("required", False)}
    direction: Direction = "stricter" if changed["required"] else "looser"
    line: Place = ("required",) if "required" in header else ()
    yield Change(line, (), changed, f"required: {changed['required']}", direction)
    for change in changes(header["schema"], texts=True):
        yield change.within(("schema",))
