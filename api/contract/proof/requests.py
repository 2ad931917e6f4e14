"""Mutations of requests: parameters, bodies, security."""

from collections.abc import Iterator

from .changes import Change, Direction, Place, dropped, renamed
from .document import Node
from .references import content_changes
from .schemas import changes


def parameter_changes(parameter: Node) -> Iterator[Change]:
    for change in changes(parameter["schema"], texts=True):
        yield change.within(("schema",))
    if parameter["in"] != "path":  # A path parameter is always required.
        changed = {**parameter, "required": not parameter.get("required", False)}
        direction: Direction = "stricter" if changed["required"] else "looser"
        yield Change(("name",), (), changed, f"required: {changed['required']}", direction)
        yield Change(("name",), ("name",), f"{parameter['name']}0", "renamed", "different")
        place = "query" if parameter["in"] == "header" else "header"
        yield Change(("in",), ("in",), place, f"in the {place}", "different")


def body_changes(document: Node, body: Node) -> Iterator[Change]:
    changed = {**body, "required": not body.get("required", False)}
    direction: Direction = "stricter" if changed["required"] else "looser"
    line: Place = ("required",) if "required" in body else ()
    yield Change(line, (), changed, f"required: {changed['required']}", direction)
    content, place = body["content"], ("content",)
    yield from dropped(place, content)
    for media_type, kind in content.items():
        yield from renamed(place, content, media_type, f"{media_type}-0")
        texts = "json" not in media_type
        yield from content_changes(document, kind, (*place, media_type), texts=texts)
    some = next(iter(content.values()))
    for media_type in ("application/json", "text/plain"):
        if media_type not in content:
            more = {**content, media_type: some}
            yield Change(place, place, more, f"{media_type} added", "looser")


def security_changes(document: Node, security: list[Node]) -> Iterator[Change]:
    for i, one in enumerate(security):
        rest = [other for other in security if other is not one]
        words = f"{', '.join(one) or 'anybody'} dropped"
        yield Change((i,), (), rest, words, "different")
    if security and {} not in security:
        yield Change((), (), [*security, {}], "anybody added", "looser")
    for name in document.get("components", {}).get("securitySchemes", {}):
        if not security:
            yield Change((), (), [{name: []}], f"{name} added", "stricter")
            yield Change((), (), [{name: []}, {}], f"{name} added, optional", "looser")


def scheme_changes(scheme: Node) -> Iterator[Change]:
    other = {"type": "apiKey", "in": "header", "name": "X-Key-0"}
    yield Change(("type",), (), other, "an API key in X-Key-0", "different")
    if scheme["type"] == "http":
        changed = "bearer" if scheme["scheme"] == "basic" else "basic"
        yield Change(("scheme",), ("scheme",), changed, changed, "different")
    if scheme["type"] == "apiKey":
        yield Change(("name",), ("name",), f"{scheme['name']}-0", "renamed", "different")
        place = "query" if scheme["in"] == "header" else "header"
        yield Change(("in",), ("in",), place, place, "different")
