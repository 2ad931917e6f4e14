"""All mutants of a document, each of which changes one normative line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..places import part_at, references
from ..readings import Node, Place
from .changes import Change, Direction, dropped, renamed, unknown_members, within
from .document import METHODS, Document
from .messages import PARTS, parameters_changes, part_changes, security_changes
from .references import other_references, path_items, requests
from .schemas import changes
from .unjudged import NotJudged


@dataclass(frozen=True)
class Mutant:
    """A document with one change: `new` replaces `old`, which stands at `target`.

    `line` is the line that changes, and `change` describes the change.
    """

    line: Place
    change: str
    direction: Direction
    target: Place
    old: Any
    new: Any
    original: Node

    @property
    def is_of_schema(self) -> bool:
        """Whether the mutant changes a schema, and not only a reference to one."""
        return bool({"schema", "schemas"} & set(self.target)) and "$ref" not in str(self.old)

    @property
    def root(self) -> Node:
        """The whole mutated document."""
        whole: Node = replaced(self.original, self.target, self.new)
        return whole


def replaced(node: Any, place: Place, value: Any) -> Any:
    """Return a copy of the node with `value` at this place. Unchanged parts are shared."""
    if not place:
        return value
    name, *rest = place
    if isinstance(node, list):
        return [replaced(n, tuple(rest), value) if i == name else n for i, n in enumerate(node)]
    return {k: replaced(v, tuple(rest), value) if k == name else v for k, v in node.items()}


def mutants(document: Node) -> Iterator[Mutant]:
    """Yield each mutant of the document's normative part."""
    for change in _changes(Document(document)):
        if change.direction != "unknown":
            old = part_at(document, change.target)
            yield Mutant(
                change.line,
                change.words,
                change.direction,
                change.target,
                old,
                change.value,
                document,
            )


def left_out(document: Node) -> list[NotJudged]:
    """Return the parts of the document that no mutation changes, though they restrict something."""
    notes = (c for c in _changes(Document(document)) if c.direction == "unknown")
    return list(dict.fromkeys(NotJudged(note.line, note.words) for note in notes))


def _changes(document: Document) -> Iterator[Change]:
    root = document.root
    yield from unknown_members(root, "servers", "paths", "components", "security")
    yield from _servers(root.get("servers", []))
    if "security" in root:
        yield from within(("security",), security_changes(document, root["security"]))
    for path, item in path_items(root).items():
        yield from renamed(("paths",), root["paths"], path, f"{path}-0")
        place: Place = ("paths", path)
        yield from dropped(place, item, METHODS)
        methods = [method for method in item if method in METHODS]
        for more in [m for m in ("put", "patch", "delete") if methods and m not in methods][:1]:
            yield Change(place, place, {**item, more: item[methods[0]]}, f"{more} added", "looser")
        yield from within(place, unknown_members(item, "parameters", *methods))
        yield from within(place, parameters_changes(document, item))
        for method in methods:
            yield from within((*place, method), _operation(document, item[method]))
    yield from within(("components",), _components(document, root.get("components", {})))


def _components(document: Document, components: Node) -> Iterator[Change]:
    yield from unknown_members(components, "schemas", "examples", *PARTS)
    of_requests = set(references(document.root, list(requests(document.root))))
    of_forms = _of_forms(document)
    for name, schema in components.get("schemas", {}).items():
        own = f"#/components/schemas/{name}"
        closed = own not in of_requests
        place = ("schemas", name)
        yield from within(place, changes(schema, texts=own in of_forms, closed=closed))
        yield from within(place, other_references(document, schema, closed=closed))
    for kind in PARTS:
        for name, node in components.get(kind, {}).items():
            yield from within((kind, name), part_changes(kind, document, node))


def _servers(servers: list[Node]) -> Iterator[Change]:
    """Yield a mutation of each server, together with all that have the same path."""
    paths = [urlsplit(server["url"]).path.rstrip("/") for server in servers]
    for i, path in enumerate(paths):
        changed = [
            {"url": "/v0"} if other == path else server
            for server, other in zip(servers, paths, strict=True)
        ]
        yield Change(("servers", i, "url"), ("servers",), changed, "/v0", "different")
        yield from within(("servers", i), unknown_members(servers[i], "url"))


def _operation(document: Document, operation: Node) -> Iterator[Change]:
    yield from unknown_members(operation, "parameters", "requestBody", "security", "responses")
    yield from parameters_changes(document, operation)
    if body := operation.get("requestBody"):
        yield from within(("requestBody",), part_changes("requestBodies", document, body))
    shared = document.root.get("security", [])
    for change in security_changes(document, operation.get("security", shared)):
        if "security" in operation:
            yield change.within(("security",))
        elif not shared:
            yield Change(
                (), (), {**operation, "security": change.value}, change.words, change.direction
            )
    replies = operation.get("responses", {})
    yield from dropped(("responses",), replies)
    for status, reply in replies.items():
        other = str(int(status) + 10) if str(status).isdigit() else ""
        if other and other not in replies:
            yield from renamed(("responses",), replies, status, other)
            changed = {**replies, other: reply}
            yield Change(("responses", status), ("responses",), changed, f"{other} added", "looser")
        place = ("responses", status)
        yield from within(place, part_changes("responses", document, reply))


def _of_forms(document: Document) -> set[str]:
    """Return the references to schemas whose values are texts, as those of a form's fields."""
    components = document.root.get("components", {}).get("requestBodies", {}).values()
    inline = (node for node in requests(document.root) if isinstance(node, Mapping))
    return {
        reference
        for body in (*components, *inline)
        for media_type, kind in body.get("content", {}).items()
        if "json" not in media_type
        for reference in references(document.root, kind.get("schema"))
    }
