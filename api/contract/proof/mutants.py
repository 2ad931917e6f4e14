"""All mutants of a document, each of which changes one normative line."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from .changes import Change, Direction, Place, dropped, renamed
from .document import METHODS, Node, part_at, references
from .references import other_references
from .replies import header_changes, reply_changes
from .requests import body_changes, parameter_changes, scheme_changes, security_changes
from .schemas import changes


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
    def key(self) -> bytes:
        """The identifier of the mutant, which is the same in all processes."""
        return sha256(repr((self.line, self.change, self.target, self.new)).encode()).digest()

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
    for change in _changes(document):
        old = part_at(document, change.target)
        yield Mutant(
            change.line, change.words, change.direction, change.target, old, change.value, document
        )


def _changes(document: Node) -> Iterator[Change]:
    if document.get("servers"):
        yield Change(("servers", 0, "url"), ("servers", 0, "url"), "/v0", "/v0", "different")
    for path, item in document["paths"].items():
        yield from renamed(("paths",), document["paths"], path, f"{path}-0")
        place: Place = ("paths", path)
        yield from dropped(place, item, METHODS)
        methods = [method for method in item if method in METHODS]
        for more in [m for m in ("put", "patch", "delete") if methods and m not in methods][:1]:
            yield Change(place, place, {**item, more: item[methods[0]]}, f"{more} added", "looser")
        for method in methods:
            for change in _operation(document, item[method]):
                yield change.within((*place, method))
    components, of_requests = document.get("components", {}), set(_of_requests(document))
    for name, schema in components.get("schemas", {}).items():
        closed = f"#/components/schemas/{name}" not in of_requests
        mutations = changes(schema, texts=_has_texts(document, name), closed=closed)
        for change in (*mutations, *other_references(document, schema, name, closed=closed)):
            yield change.within(("components", "schemas", name))
    for name, header in components.get("headers", {}).items():
        for change in header_changes(header):
            yield change.within(("components", "headers", name))
    for name, scheme in components.get("securitySchemes", {}).items():
        for change in scheme_changes(scheme):
            yield change.within(("components", "securitySchemes", name))


def _operation(document: Node, operation: Node) -> Iterator[Change]:
    for i, parameter in enumerate(operation.get("parameters", [])):
        for change in parameter_changes(parameter):
            yield change.within(("parameters", i))
        if parameter["in"] != "path":
            rest = [p for p in operation["parameters"] if p is not parameter]
            yield Change(("parameters", i), ("parameters",), rest, "dropped", "looser")
    if body := operation.get("requestBody"):
        for change in body_changes(document, body):
            yield change.within(("requestBody",))
    for change in security_changes(document, operation.get("security", [])):
        if "security" in operation:
            yield change.within(("security",))
        else:
            yield Change(
                (), (), {**operation, "security": change.value}, change.words, change.direction
            )
    replies = operation["responses"]
    yield from dropped(("responses",), replies)
    for status, reply in replies.items():
        other = str(int(status) + 10)
        if other not in replies:
            yield from renamed(("responses",), replies, status, other)
            changed = {**replies, other: reply}
            yield Change(("responses", status), ("responses",), changed, f"{other} added", "looser")
        for change in reply_changes(document, reply):
            yield change.within(("responses", status))


def _of_requests(document: Node) -> Iterator[str]:
    """Yield the references to components that describe requests."""
    for item in document["paths"].values():
        for method in METHODS & item.keys():
            for part in "parameters", "requestBody":
                yield from references(document, item[method].get(part))


def _has_texts(document: Node, name: str) -> bool:
    """Return whether all values are texts, because the schema is a form's or a form field's."""
    of_forms = (
        reference
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS
        for media_type, kind in operation.get("requestBody", {}).get("content", {}).items()
        if "json" not in media_type
        for reference in references(document, kind["schema"])
    )
    return f"#/components/schemas/{name}" in of_forms
