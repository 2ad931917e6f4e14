"""Mutations of requests and responses, and of what they consist of."""

from collections.abc import Callable, Iterator
from itertools import islice

from ..forms import FORM
from ..readings import Node, Place
from .changes import Change, Direction, dropped, renamed, unknown, unknown_members, within
from .document import Document
from .references import operations, other_references
from .schemas import changes
from .values import is_json, is_text

_MOST_TARGETS = 8
"""So many other operations are tried for each link."""


def part_changes(kind: str, document: Document, node: Node) -> Iterator[Change]:
    """Yield each mutation of a parameter, a body or another part that may be a component."""
    changes_of, other = PARTS[kind]
    if "$ref" in node:
        yield Change(("$ref",), (), other, "another", "different")
    else:
        yield from changes_of(document, node)


def parameters_changes(document: Document, node: Node) -> Iterator[Change]:
    """Yield each mutation of the parameters of a path or an operation."""
    for i, parameter in enumerate(node.get("parameters", [])):
        yield from within(("parameters", i), part_changes("parameters", document, parameter))
        if document.resolve(parameter).get("in") != "path":
            rest = [p for p in node["parameters"] if p is not parameter]
            yield Change(("parameters", i), ("parameters",), rest, "dropped", "looser")


def _parameter(document: Document, parameter: Node) -> Iterator[Change]:
    yield from unknown_members(parameter, "in", "name", "required", "schema")
    yield from within(("schema",), changes(parameter.get("schema", {}), texts=True))
    if parameter["in"] != "path":  # A path parameter is always required.
        yield _required(parameter, ("name",))
        yield Change(("name",), ("name",), f"{parameter['name']}0", "renamed", "different")
        place = "query" if parameter["in"] == "header" else "header"
        yield Change(("in",), ("in",), place, f"in the {place}", "different")


def _required(node: Node, line: Place) -> Change:
    required = not node.get("required", False)
    direction: Direction = "stricter" if required else "looser"
    return Change(line, (), {**node, "required": required}, f"required: {required}", direction)


def _body(document: Document, body: Node) -> Iterator[Change]:
    yield _required(body, ("required",) if "required" in body else ())
    content = body.get("content", {})
    yield from within(("content",), _content(document, content, closed=False))
    for media_type in ("application/json", "text/plain"):
        if content and not {media_type, "*/*"} & content.keys():
            more = {**content, media_type: next(iter(content.values()))}
            yield Change(("content",), ("content",), more, f"{media_type} added", "looser")


def _content(document: Document, content: Node, *, closed: bool) -> Iterator[Change]:
    """Yield each mutation of the representations, which are `closed` in a response."""
    yield from dropped((), content)
    for media_type, kind in content.items():
        yield from renamed((), content, media_type, f"{media_type}-0")
        yield from within((media_type,), unknown_members(kind, "schema"))
        schema, place = kind.get("schema", {}), (media_type, "schema")
        if media_type.partition(";")[0] in FORM or is_text(media_type):
            texts = not closed and not is_json(media_type)
            yield from within(place, changes(schema, texts=texts, closed=closed))
            yield from within(place, other_references(document, schema, closed=closed))
        elif schema:
            yield unknown(place, f"the schema of {media_type}")


def _response(document: Document, response: Node) -> Iterator[Change]:
    yield from unknown_members(response, "headers", "content", "links")
    headers, content, links = (response.get(p, {}) for p in ("headers", "content", "links"))
    yield from dropped(("headers",), headers)
    for name, header in headers.items():
        yield from within(("headers", name), part_changes("headers", document, header))
        yield from renamed(("headers",), headers, name, f"{name}-0")
    yield from within(("content",), _content(document, content, closed=True))
    for media_type, kind in content.items():
        more = {**content, f"{media_type}-0": kind}
        words = f"{media_type}-0 added"
        yield Change(("content", media_type), ("content",), more, words, "looser")
    yield from dropped(("links",), links)
    for name, link in links.items():
        yield from within(("links", name), _link(document, link))


def _link(document: Document, link: Node) -> Iterator[Change]:
    if "operationId" not in link:
        yield unknown((), "a link without operationId")
        return
    yield from unknown_members(link, "operationId", "parameters")
    own = link["operationId"]
    ids = (each.get("operationId", own) for each in operations(document.root))
    for other in islice((each for each in ids if each != own), _MOST_TARGETS):
        yield Change(("operationId",), ("operationId",), other, f"to {other}", "different")
    for name, expression in link.get("parameters", {}).items():
        line = ("parameters", name)
        if not str(expression).startswith("$response.body#"):
            yield unknown(line, f"a link by {expression}")
            continue
        yield Change(line, line, f"{expression}0", f"{expression}0", "different")
        yield from renamed(("parameters",), link["parameters"], name, f"{name}0")


def _header(document: Document, header: Node) -> Iterator[Change]:
    yield from unknown_members(header, "required", "schema")
    yield _required(header, ("required",) if "required" in header else ())
    yield from within(("schema",), changes(header.get("schema", {}), texts=True))


def _scheme(document: Document, scheme: Node) -> Iterator[Change]:
    yield Change(("type",), (), _ANOTHER_SCHEME, "an API key in X-Key-0", "different")
    if scheme.get("type") == "http":
        changed = "bearer" if scheme["scheme"] == "basic" else "basic"
        yield Change(("scheme",), ("scheme",), changed, changed, "different")
    if scheme.get("type") == "apiKey":
        yield Change(("name",), ("name",), f"{scheme['name']}-0", "renamed", "different")
        place = "query" if scheme["in"] == "header" else "header"
        yield Change(("in",), ("in",), place, place, "different")


_PartChanges = Callable[[Document, Node], Iterator[Change]]
_ANOTHER: Node = {"required": True, "schema": {"const": "another"}}
_ANOTHER_SCHEME: Node = {"type": "apiKey", "in": "header", "name": "X-Key-0"}
PARTS: dict[str, tuple[_PartChanges, Node]] = {
    "headers": (_header, _ANOTHER),
    "parameters": (_parameter, {**_ANOTHER, "in": "query", "name": "another"}),
    "requestBodies": (_body, {"required": True, "content": {"application/x-another": {}}}),
    "responses": (_response, {"headers": {"Another": _ANOTHER}}),
    "securitySchemes": (_scheme, _ANOTHER_SCHEME),
}
"""By their kind in `components`: the mutations of a part, and another for a reference to one."""


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
