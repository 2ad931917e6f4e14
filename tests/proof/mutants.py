"""Every document that differs by one notch in what it says of requests and answers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.proof.document import METHODS, Document, at, covers, pointer, references
from tests.proof.patterns import Direction
from tests.proof.schemas import Change, Place, changes, schemas_within

Said = Mapping[str, Any]


@dataclass(frozen=True)
class Mutant:
    """A document with one change: at which line, in words, and which way it goes."""

    line: Place
    change: str
    direction: Direction
    target: Place
    old: Any
    new: Any
    of: Said

    @property
    def is_of_schema(self) -> bool:
        """Whether it changes a schema that stands there itself, and not just a reference."""
        return bool({"schema", "schemas"} & set(self.target)) and "$ref" not in str(self.old)

    @property
    def said(self) -> Said:
        whole: Said = replaced(self.of, self.target, self.new)
        return whole


def replaced(node: Any, place: Place, value: Any) -> Any:
    """The node with `value` at this place; what isn't on the way to it is shared."""
    if not place:
        return value
    name, *rest = place
    if isinstance(node, list):
        return [replaced(n, tuple(rest), value) if i == name else n for i, n in enumerate(node)]
    return {k: replaced(v, tuple(rest), value) if k == name else v for k, v in node.items()}


def mutants(document: Said) -> Iterator[Mutant]:
    """Each mutant of the document's normative part."""
    for change in _changes(document):
        old = at(document, change.target)
        yield Mutant(
            change.line, change.words, change.direction, change.target, old, change.value, document
        )


def _changes(document: Said) -> Iterator[Change]:
    yield Change(("servers", 0, "url"), ("servers", 0, "url"), "/v0", "/v0", "different")
    for path, item in document["paths"].items():
        yield from _renamed(("paths",), document["paths"], path, f"{path}-0")
        place: Place = ("paths", path)
        yield from _dropped(place, item, METHODS)
        known = [method for method in item if method in METHODS]
        more = next(method for method in ("put", "patch", "delete") if method not in known)
        yield Change(place, place, {**item, more: item[known[0]]}, f"{more} added", "looser")
        for method in known:
            for change in _operation(document, item[method]):
                yield change.within((*place, method))
    for name, schema in document["components"].get("schemas", {}).items():
        texts = _is_form(document, name)
        for change in (*changes(schema, texts=texts), *_renamed_references(document, schema, name)):
            yield change.within(("components", "schemas", name))
    for name, header in document["components"].get("headers", {}).items():
        for change in _header(header):
            yield change.within(("components", "headers", name))
    for name, scheme in document["components"].get("securitySchemes", {}).items():
        for change in _scheme(scheme):
            yield change.within(("components", "securitySchemes", name))


def _operation(document: Said, said: Said) -> Iterator[Change]:
    for i, parameter in enumerate(said.get("parameters", [])):
        for change in _parameter(parameter):
            yield change.within(("parameters", i))
        if parameter["in"] != "path":
            rest = [p for p in said["parameters"] if p is not parameter]
            yield Change(("parameters", i), ("parameters",), rest, "dropped", "looser")
    if body := said.get("requestBody"):
        for change in _body(document, body):
            yield change.within(("requestBody",))
    for change in _security(document, said.get("security", [])):
        yield change.within(("security",))
    replies = said["responses"]
    yield from _dropped(("responses",), replies)
    for status, reply in replies.items():
        other = str(int(status) + 10)
        if other not in replies:
            yield from _renamed(("responses",), replies, status, other)
            changed = {**replies, other: reply}
            yield Change(("responses", status), ("responses",), changed, f"{other} added", "looser")
        for change in _reply(document, reply):
            yield change.within(("responses", status))


def _parameter(parameter: Said) -> Iterator[Change]:
    for change in changes(parameter["schema"], texts=True):
        yield change.within(("schema",))
    if parameter["in"] != "path":  # There OpenAPI leaves no choice.
        changed = {**parameter, "required": not parameter.get("required", False)}
        direction: Direction = "stricter" if changed["required"] else "looser"
        yield Change(("name",), (), changed, f"required: {changed['required']}", direction)
        renamed = {**parameter, "name": f"{parameter['name']}0"}
        yield Change(("name",), (), renamed, "renamed", "different")


def _body(document: Said, body: Said) -> Iterator[Change]:
    changed = {**body, "required": not body["required"]}
    yield Change(("required",), (), changed, f"{changed['required']}", "looser")
    content, place = body["content"], ("content",)
    yield from _dropped(place, content)
    for media_type, kind in content.items():
        yield from _renamed(place, content, media_type, f"{media_type}-0")
        yield from _schema(document, kind, (*place, media_type))
    some = next(iter(content.values()))
    for media_type in ("application/json", "text/plain"):
        if media_type not in content:
            more = {**content, media_type: some}
            yield Change(place, place, more, f"{media_type} added", "looser")


def _schema(document: Said, kind: Said, place: Place) -> Iterator[Change]:
    schema = kind.get("schema", {})
    for change in (*changes(schema), *_renamed_references(document, schema)):
        yield change.within((*place, "schema"))


def _renamed_references(document: Said, schema: Said, of: str = "") -> Iterator[Change]:
    """Each other schema that could be meant where one is named, here and within; none of itself."""
    if "$ref" in schema:
        _, _, own = pointer(schema["$ref"])
        whole = Document(document)
        for name in document["components"]["schemas"]:
            other = {"$ref": f"#/components/schemas/{name}"}
            if name != own and f"#/components/schemas/{of}" not in references(document, other):
                wider = covers(whole.followed(other), whole.followed(schema))
                direction: Direction = "looser" if wider else "different"
                yield Change(("$ref",), (), other, f"{name} for {own}", direction)
        return
    for place, within in schemas_within(schema):
        for change in _renamed_references(document, within, of):
            yield change.within(place)


def _security(document: Said, security: list[Said]) -> Iterator[Change]:
    for i, one in enumerate(security):
        rest = [other for other in security if other is not one]
        words = f"{', '.join(one) or 'anybody'} dropped"
        yield Change((i,), (), rest, words, "different")
    if security and {} not in security:
        yield Change((), (), [*security, {}], "anybody added", "looser")
    for name in document["components"].get("securitySchemes", {}):
        if not security:
            yield Change((), (), [{name: []}], f"{name} added", "stricter")
            yield Change((), (), [{name: []}, {}], f"{name} added, if wished", "looser")


def _reply(document: Said, reply: Said) -> Iterator[Change]:
    for part in "headers", "content", "links":
        yield from _dropped((part,), reply.get(part, {}))
    components = list(document["components"].get("headers", {}))
    for name, header in reply.get("headers", {}).items():
        place: Place = ("headers", name)
        if "$ref" in header:
            own = components.index(name)
            other = {"$ref": f"#/components/headers/{components[own - 1]}"}
            yield Change((*place, "$ref"), place, other, f"{components[own - 1]}", "different")
        else:
            for change in _header(header):
                yield change.within(place)
        yield from _renamed(("headers",), reply["headers"], name, f"{name}-0")
    content = reply.get("content", {})
    for media_type, kind in content.items():
        yield from _renamed(("content",), content, media_type, f"{media_type}-0")
        more = {**content, f"{media_type}-0": kind}
        line = ("content", media_type)
        yield Change(line, ("content",), more, f"{media_type}-0 added", "looser")
        yield from _schema(document, kind, line)
    for name, link in reply.get("links", {}).items():
        for change in _link(document, link):
            yield change.within(("links", name))


def _link(document: Said, link: Said) -> Iterator[Change]:
    for item in document["paths"].values():
        for method, operation in item.items():
            other = operation["operationId"]
            if method in METHODS and other != link["operationId"]:
                changed = {**link, "operationId": other}
                yield Change(("operationId",), (), changed, f"to {other}", "different")
    for name, expression in link["parameters"].items():
        line = ("parameters", name)
        yield Change(line, line, f"{expression}0", f"{expression}0", "different")
        yield from _renamed(("parameters",), link["parameters"], name, f"{name}0")


def _header(header: Said) -> Iterator[Change]:
    changed = {**header, "required": not header["required"]}
    direction: Direction = "stricter" if changed["required"] else "looser"
    yield Change(("required",), (), changed, f"{changed['required']}", direction)
    for change in changes(header["schema"], texts=True):
        yield change.within(("schema",))


def _scheme(scheme: Said) -> Iterator[Change]:
    other = {"type": "apiKey", "in": "header", "name": "X-Key-0"}
    yield Change(("type",), (), other, "an API key in X-Key-0", "different")
    if scheme["type"] == "http":
        changed = "bearer" if scheme["scheme"] == "basic" else "basic"
        yield Change(("scheme",), ("scheme",), changed, changed, "different")
    if scheme["type"] == "apiKey":
        yield Change(("name",), ("name",), f"{scheme['name']}-0", "renamed", "different")
        place = "query" if scheme["in"] == "header" else "header"
        yield Change(("in",), ("in",), place, place, "different")


def _dropped(place: Place, node: Said, only: set[str] | None = None) -> Iterator[Change]:
    for name in node:
        if only is None or name in only:
            rest = {k: v for k, v in node.items() if k != name}
            yield Change((*place, name), place, rest, "dropped", "stricter")


def _renamed(place: Place, node: Said, name: str, other: str) -> Iterator[Change]:
    changed = {other if k == name else k: v for k, v in node.items()}
    yield Change((*place, name), place, changed, other, "different")


def _is_form(document: Said, name: str) -> bool:
    """Whether the schema is one of a form, whose fields are texts."""
    bodies = [
        kind["schema"].get("$ref")
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS
        for media_type, kind in operation.get("requestBody", {}).get("content", {}).items()
        if "json" not in media_type
    ]
    return f"#/components/schemas/{name}" in bodies
