"""An OpenAPI document, whose operations have their references resolved."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from jsonschema_rs import Draft202012Validator, FancyRegexOptions, canonicalize
from jsonschema_rs.canonical import Containment

from ..narrowing import merged
from .changes import Place

Node = Mapping[str, Any]
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}

# In JSON 5.0 is an integer too, and 05 is not a number.
_NUMBER = re.compile(r"-?(0|[1-9]\d*)([.]\d+)?([eE][+-]?\d+)?", re.ASCII)


@cache
def _compiled(schema: str) -> Draft202012Validator:
    return Draft202012Validator(
        json.loads(schema), validate_formats=True, pattern_options=FancyRegexOptions()
    )


_validators: dict[int, tuple[Node, Draft202012Validator]] = {}


def fits(schema: Node, value: Any) -> bool:
    """Return whether the value is valid. Bytes are valid only for a schema without a type."""
    if isinstance(value, bytes):
        return "type" not in schema
    cached = _validators.get(id(schema))
    if cached is None or cached[0] is not schema:
        if len(_validators) > 10_000:  # Most belong to mutants that are no longer used.
            _validators.clear()
        cached = _validators[id(schema)] = schema, _compiled(json.dumps(schema))
    return bool(cached[1].is_valid(value))


def covers(one: Node, other: Node) -> bool:
    """Return whether every value of `other` is certainly valid for `one`."""
    whole = canonicalize(dict(one)).covers(canonicalize(dict(other)))
    return bool(whole == Containment.YES)


def from_text(schema: Node, text: str) -> Any:
    """Return the text of a header, path or query as a value of the schema's type."""
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if several := {"array", "object"}.intersection(kinds):
        raise NotImplementedError(f"{__name__} doesn't support texts of type {min(several)}.")
    if {"integer", "number"}.intersection(kinds) and _NUMBER.fullmatch(text):
        return json.loads(text)
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    return text


def close(schema: Node) -> Node:
    """Return the schema with `additionalProperties: false` as the default at every level."""
    parts = ("items", "additionalProperties")
    within = {k: close(schema[k]) for k in parts if isinstance(schema.get(k), Mapping)}
    if "properties" not in schema:
        return {**schema, **within}
    properties = {name: close(member) for name, member in schema["properties"].items()}
    return {"additionalProperties": False, **schema, **within, "properties": properties}


class NotJudged(NamedTuple):
    """A feature of a part of the document that the rules leave out."""

    place: Place
    what: str


class DeclaredResponse:
    """The responses of one status of one operation.

    Their schemas allow only declared members, because the service sends no others. The document's
    own schemas allow more, so that a later version may add members.
    """

    def __init__(self, place: Place, node: Node) -> None:
        self.place = place
        self.headers: dict[str, Node] = dict(node.get("headers", {}))
        self.header_names = {name.lower() for name in self.headers}
        self._content = node.get("content", {})
        self.links: dict[str, Node] = node.get("links", {})

    @cached_property
    def content(self) -> dict[str, Node]:
        """The schema of each representation."""
        return {media: close(body.get("schema", {})) for media, body in self._content.items()}


class Operation:
    """An operation: its parameters, bodies, security and responses."""

    def __init__(self, document: "Document", path: str, method: str) -> None:
        item = document.root["paths"][path]
        node = document.resolve(item[method])
        self.path, self.method = path, method.upper()
        self.place: Place = ("paths", path, method)
        self.id: str = node.get("operationId", f"{self.method} {path}")
        self.responses = {
            int(status): DeclaredResponse((*self.place, "responses", status), response)
            for status, response in node["responses"].items()
        }
        shared = document.resolve(item.get("parameters", []))
        own = node.get("parameters", [])
        self.parameters: list[Node] = [*shared, *own]
        self.parameter_places: dict[tuple[str, str], Place] = {
            (parameter["in"], parameter["name"]): (*place, "parameters", i)
            for place, parameters in ((self.place[:2], shared), (self.place, own))
            for i, parameter in enumerate(parameters)
        }
        body = node.get("requestBody", {})
        self.bodies: dict[str, Node] = {m: b["schema"] for m, b in body.get("content", {}).items()}
        self.body_required: bool = body.get("required", False)
        security = node.get("security", document.root.get("security", []))
        schemes = document.root.get("components", {}).get("securitySchemes", {})
        # A request needs the credentials of all schemes in one of these lists.
        self.security: list[list[Node]] = [[schemes[n] for n in one] for one in security]

    @property
    def allows_anonymous(self) -> bool:
        """Whether a request without credentials is allowed."""
        return not self.security or [] in self.security


class Document:
    """A document, as YAML is parsed. Operations are read on demand: a mutant needs few of them.

    `refuses_valid` has reasons why a valid request may be refused, by "operationId, status".
    """

    def __init__(self, root: Node, refuses_valid: Mapping[str, str] = MappingProxyType({})) -> None:
        self.root, self.refuses_valid = root, refuses_valid
        self._operations: dict[tuple[str, str], Operation] = {}
        self._resolved: dict[str, Any] = {}

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], str]]:
        url = (self.root.get("servers") or [{"url": "/"}])[0]["url"]
        prefix = urlsplit(url).path.rstrip("/")
        return [
            (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(prefix + path))), path)
            # A path without parameters takes precedence.
            for path in sorted(self.root["paths"], key=lambda path: "{" in path)
        ]

    def match_path(self, path: str) -> tuple[str, dict[str, str]] | None:
        """Return the path's template, and the texts of its parameters; None for other paths."""
        for pattern, template in self._templates:
            if found := pattern.fullmatch(path):
                return template, found.groupdict()
        return None

    def methods(self, path: str) -> set[str]:
        return {method.upper() for method in self.root["paths"][path] if method in METHODS}

    def operation(self, path: str, method: str) -> Operation | None:
        """Return the operation of this method and path template. HEAD is served by GET."""
        if (path, method) in self._operations:
            return self._operations[path, method]
        methods = self.methods(path)
        method = "GET" if method == "HEAD" and "HEAD" not in methods else method
        if method not in methods:
            return None
        if (path, method) not in self._operations:
            self._operations[path, method] = Operation(self, path, method.lower())
        return self._operations[path, method]

    def operations(self) -> Iterator[Operation]:
        for path in self.root["paths"]:
            yield from filter(None, (self.operation(path, m) for m in sorted(self.methods(path))))

    def not_judged(self) -> Iterator[NotJudged]:
        """Yield the features of the document that judging of exchanges leaves out."""
        yield from ()

    def resolve(self, node: Any) -> Any:
        """Return the node with its references resolved. It must not be recursive.

        Keywords beside a reference narrow its target, also those in an `allOf`. They declare no
        other members.
        """
        if isinstance(node, list):
            return [self.resolve(item) for item in node]
        if not isinstance(node, Mapping):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            if reference not in self._resolved:
                self._resolved[reference] = self.resolve(part_at(self.root, pointer(reference)))
            beside = {k: self.resolve(value) for k, value in node.items() if k != "$ref"}
            keywords = merged({}, beside)
            target = self._resolved[reference]
            if narrowed := keywords.get("properties"):
                declared = target.get("properties", {})
                keywords["properties"] = {n: s for n, s in narrowed.items() if n in declared}
            return merged(target, keywords) if keywords else target
        return {name: self.resolve(item) for name, item in node.items()}


def pointer(reference: str) -> tuple[str, ...]:
    """Return the place that a reference within the document names (RFC 6901)."""
    names = reference.removeprefix("#/").split("/")
    return tuple(name.replace("~1", "/").replace("~0", "~") for name in names)


def part_at(node: Any, place: tuple[str | int, ...]) -> Any:
    """Return the part of the document at this place."""
    for name in place:
        node = node[name]
    return node


def references(root: Node, node: Any) -> Iterator[str]:
    """Yield the references in the node, and those in their targets."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
            yield from references(root, part_at(root, pointer(node["$ref"])))
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from references(root, item)
