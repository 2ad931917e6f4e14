"""An OpenAPI document, whose operations have their references resolved."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import yaml

from ..narrowing import merged
from ..places import found_at, pointer
from ..readings import OPEN, Node, Place, as_in_3_1, close, opened, without
from .unjudged import NotJudged, unjudged
from .values import fits, from_text

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}

_LARGE, _DEEP = 10, 20
"""Schemas with more references, or within more others, aren't copied to where they are used."""

_PARAMETER = re.compile(r"\{([^{}]*)\}")
_LONG = re.compile(r"\{[^{}]*(path|file)[^{}]*\}$", re.IGNORECASE)
_TEXT = "([^/]+)"
_DEFINITION = re.compile(rf'"#/\$defs/(\d+(?:{OPEN})?)"')
Reading = Callable[[Node], Node]

_IGNORED = {("header", name) for name in ("accept", "authorization", "content-type")}
"""Parameters that OpenAPI ignores, because a document describes them elsewhere."""


LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's loader, which is five times as fast, if PyYAML has it."""


class _Loader(LOADER):  # type: ignore[misc]
    """Reads keys and dates as texts, as JSON has them."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [resolver for resolver in resolvers if not resolver[0].endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        self.flatten_mapping(node)
        return {str(key.value): self.construct_object(value, deep) for key, value in node.value}


def read(file: Path) -> Node:
    """Return the document in a YAML or JSON file."""
    root: Node = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506
    return root


def media_key(declared: Collection[str], media_type: str) -> str | None:
    """Return the declared media type or range that has this media type, the most exact one."""
    if media_type in declared:
        return media_type
    by_type = {key.partition(";")[0].strip().lower(): key for key in declared}
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*") if media_type else ()
    return next((by_type[each] for each in ranges if each in by_type), None)


class DeclaredResponse:
    """The responses of one status, or of several, of one operation.

    Their schemas allow only declared members, because the service sends no others. The document's
    own schemas allow more, so that a later version may add members.
    """

    def __init__(self, document: "Document", place: Place) -> None:
        self._document = document
        self.place, self._node = document.follow(place)
        self.refuses_valid = str(self._node.get("x-refuses-valid", ""))
        names = [n for n in self._node.get("headers", {}) if n.lower() != "content-type"]
        self._headers = {n: document.follow((*self.place, "headers", n)) for n in names}
        self.header_names = {name.lower() for name in names}

    @cached_property
    def headers(self) -> dict[str, Node]:
        return {n: self._document.described(node) for n, (_, node) in self._headers.items()}

    def header_place(self, name: str) -> Place:
        return self._headers[name][0]

    @cached_property
    def content(self) -> dict[str, Node]:
        """The schema of each representation."""
        content = self._node.get("content", {}).items()
        return {m: self._document.of_responses(body.get("schema", {})) for m, body in content}

    @cached_property
    def links(self) -> dict[str, Node]:
        links: dict[str, Node] = self._document.resolve(self._node.get("links", {}))
        return links


class Operation:
    """An operation: its parameters, bodies, security and responses."""

    def __init__(self, document: "Document", path: str, method: str) -> None:
        self._document = document
        item, node = document.follow(("paths", path))
        self.path, self.method = path, method.upper()
        self.place: Place = (*item, method)
        self._item, self._node = node, node[method] or {}
        self.id: str = self._node.get("operationId", f"{self.method} {path}")
        self.is_strict = document.is_strict
        self.body_place, self._body = document.follow((*self.place, "requestBody"))
        self.body_required: bool = self._body.get("required", False)

    @cached_property
    def responses(self) -> dict[str, DeclaredResponse]:
        """The responses by status, or by "default" or "4XX" for several statuses."""
        place, keys = (*self.place, "responses"), self._node.get("responses", {})
        return {
            str(key): DeclaredResponse(self._document, (*place, key))
            for key in keys
            if not str(key).startswith("x-")
        }

    def response(self, status: int) -> tuple[str, DeclaredResponse] | None:
        """Return the response that declares this status most exactly, with its key."""
        keys = (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")
        return next(((key, self.responses[key]) for key in keys if key in self.responses), None)

    @cached_property
    def _parameters(self) -> dict[tuple[str, str], tuple[Place, Node]]:
        found = {}
        for above, node in (self.place[:-1], self._item), (self.place, self._node):
            for i in range(len(node.get("parameters", []))):
                place, parameter = self._document.follow((*above, "parameters", i))
                key = parameter.get("in", ""), parameter.get("name", "")
                if (key[0], key[1].lower()) not in _IGNORED and all(key):
                    found[key] = place, self._document.described(parameter)
        return found

    @cached_property
    def parameters(self) -> list[Node]:
        return [parameter for _, parameter in self._parameters.values()]

    def parameter_place(self, parameter: Node) -> Place:
        return self._parameters[parameter["in"], parameter["name"]][0]

    @cached_property
    def bodies(self) -> dict[str, Node]:
        """The schema of each media type or range of the request's body."""
        content = self._body.get("content", {}).items()
        return {m: self._document.of_requests(body.get("schema", {})) for m, body in content}

    @cached_property
    def security(self) -> list[list[Node]]:
        """A request needs the credentials of all schemes in one of these lists."""
        security = self._node.get("security", self._document.root.get("security")) or []
        scheme = ("components", "securitySchemes")
        return [[self._document.follow((*scheme, name))[1] for name in one] for one in security]

    @property
    def allows_anonymous(self) -> bool:
        """Whether a request without credentials is allowed."""
        return not self.security or [] in self.security


class Document:
    """A document, as YAML is parsed. Operations are read on demand: a mutant needs few of them.

    `refuses_valid` has reasons why a valid request may be refused, by "operationId, status".
    `is_strict`: the service has the habits of the contract: all headers are declared, `Allow` is
    exact, other paths get 404. Otherwise servers and frameworks may add headers and refusals.
    """

    def __init__(
        self,
        root: Node,
        refuses_valid: Mapping[str, str] = MappingProxyType({}),
        *,
        is_strict: bool = True,
    ) -> None:
        self.root, self.refuses_valid, self.is_strict = root, refuses_valid, is_strict
        # The reasons that allowed a refusal of a valid request, by "operationId, status".
        self.valid_refused: dict[str, str] = {}
        # The responses that had undeclared content, which was ignored.
        self.undeclared_content: set[Place] = set()
        self._is_3_0 = str(root.get("openapi", "")).startswith("3.0")
        self._operations: dict[tuple[str, str], Operation] = {}
        self._targets: dict[str, tuple[Node, int]] = {}
        # The targets that are being resolved, and how many references the last one had so far.
        self._pending, self._size = list[str](), 0
        self._definitions: list[str] = []
        self._read_definitions: dict[tuple[str, str], tuple[Node, set[str]]] = {}
        # Each exchange is matched several times, with the templates of all operations.
        self._match = lru_cache(maxsize=1_000)(self._match_anew)

    def changed(self, root: Node) -> "Document":
        """Return a mutant of this document, which judges by the same settings."""
        mutant = Document(root, self.refuses_valid, is_strict=self.is_strict)
        if not self.is_strict:
            mutant.header_names = self.header_names
        if mutant._paths == self._paths and root.get("servers") == self.root.get("servers"):
            mutant._templates = self._templates
        return mutant

    @cached_property
    def header_names(self) -> set[str]:
        """The names of all headers that any response declares, in lower case."""
        responses = (each for o in self.operations() for each in o.responses.values())
        return {name for response in responses for name in response.header_names}

    def reason(self, operation: Operation, status: int) -> str:
        """Return the reason why the operation may refuse a valid request with this status."""
        promise = f"{operation.id}, {status}"
        given = (r for k, r in self.refuses_valid.items() if f"{promise},".startswith(f"{k},"))
        return next(given, "")

    @property
    def _paths(self) -> list[str]:
        return [path for path in self.root.get("paths") or {} if path.startswith("/")]

    @cached_property
    def _templates(self) -> list[tuple[re.Pattern[str], list[str], str]]:
        prefixes = [_prefix(server) for server in self.root.get("servers") or [{}]]
        prefixes += [] if self.is_strict else [""]
        start, found = f"(?:{'|'.join(prefixes)})", []
        # A path with parameters only in later parts takes precedence, one without even more.
        for path in sorted(self._paths, key=_generality):
            found.append((re.compile(start + _expression(path)), _PARAMETER.findall(path), path))
        # Frameworks have parameters that hold slashes, and print them like others.
        for path in filter(_LONG.search, self._paths):
            expression = _expression(path).removesuffix(_TEXT) + "(.+)"
            found.append((re.compile(start + expression), _PARAMETER.findall(path), path))
        return found

    def match_path(self, path: str, method: str = "") -> tuple[str, dict[str, str]] | None:
        """Return the path's template, and the texts of its parameters; None for other paths.

        Of several templates, the first that has the method and whose parameters fit counts. A last
        parameter may hold slashes if its name contains "path" or "file" and no template without
        them matches.
        """
        return self._match(path, method)

    def _match_anew(self, path: str, method: str) -> tuple[str, dict[str, str]] | None:
        found = [
            (template, dict(zip(names, match.groups(), strict=True)))
            for pattern, names, template in self._templates
            if (match := pattern.fullmatch(path))
        ]
        if len(found) > 1:
            found.sort(key=lambda each: not self._suits(method, *each))
        return found[0] if found else None

    def _suits(self, method: str, template: str, texts: dict[str, str]) -> bool:
        operations = (self.operation(template, each) for each in self.methods(template))
        operation = self.operation(template, method) if method else next(operations, None)
        if not operation:
            return not method
        schemas = {p["name"]: p["schema"] for p in operation.parameters if p["in"] == "path"}
        return all(fits(s, from_text(s, texts[n])) for n, s in schemas.items() if n in texts)

    def methods(self, path: str) -> set[str]:
        return {method.upper() for method in self.follow(("paths", path))[1] if method in METHODS}

    def operation(self, path: str, method: str) -> Operation | None:
        """Return the operation of this method and path template. HEAD is served by GET."""
        if (path, method) in self._operations:
            return self._operations[path, method]
        methods = self.methods(path)
        if method == "HEAD" and "HEAD" not in methods:
            return self.operation(path, "GET")
        if method not in methods:
            return None
        self._operations[path, method] = Operation(self, path, method.lower())
        return self._operations[path, method]

    def operations(self) -> Iterator[Operation]:
        for path in self._paths:
            yield from filter(None, (self.operation(path, m) for m in sorted(self.methods(path))))

    def not_judged(self) -> Iterator[NotJudged]:
        """Yield the features of the document that judging of exchanges leaves out."""
        return unjudged(self.root, self.root)

    def follow(self, place: Place) -> tuple[Place, Node]:
        """Return the place that references at this place lead to, and what stands there, or {}."""
        node, seen = found_at(self.root, place), set[str]()
        while isinstance(node, Mapping) and isinstance(reference := node.get("$ref"), str):
            target = found_at(self.root, pointer(reference))
            if target is None or reference in seen:
                return place, {}
            seen.add(reference)
            place, node = pointer(reference), target
        return place, node if isinstance(node, Mapping) else {}

    def resolve(self, node: Any) -> Any:
        """Return the node with its references resolved.

        Keywords beside a reference narrow its target, also those in an `allOf`, which declare no
        other members. References to recursive or large schemas become references to definitions.
        """
        if isinstance(node, list):
            return [self.resolve(item) for item in node]
        if not isinstance(node, Mapping):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            target = self._target(reference)
            if len(node) == 1 or self._is_3_0:
                return target
            return _narrowed(target, {k: self.resolve(v) for k, v in node.items() if k != "$ref"})
        resolved = {name: self.resolve(item) for name, item in node.items()}
        return as_in_3_1(resolved) if self._is_3_0 else resolved

    def _target(self, reference: str) -> Node:
        is_kept = reference in self._pending or len(self._pending) == _DEEP
        if is_kept or self._read_target(reference)[1] > _LARGE:
            if reference not in self._definitions:
                self._definitions.append(reference)
            return {"$ref": f"#/$defs/{self._definitions.index(reference)}"}
        target, size = self._targets[reference]
        self._size += size
        return target

    def _read_target(self, reference: str) -> tuple[Node, int]:
        """Return the target, resolved, and how many references it had."""
        if reference not in self._targets:
            self._pending.append(reference)
            size, self._size = self._size, 1
            target = self.resolve(found_at(self.root, pointer(reference)) or {})
            self._targets[reference] = target, self._size
            self._size = size
            self._pending.pop()
        return self._targets[reference]

    def of_requests(self, schema: Node) -> Node:
        """Return the schema, resolved, as it judges requests."""
        return self._read(schema, "readOnly", lambda within: within, lambda within: within)

    def of_responses(self, schema: Node) -> Node:
        """Return the schema, resolved, as it judges responses."""
        return self._read(schema, "writeOnly", close, opened)

    def _read(self, schema: Node, hidden: str, whole: Reading, part: Reading) -> Node:
        resolved = self.resolve(schema)
        if isinstance(resolved, bool):  # True and False are schemas too.
            resolved = {} if resolved else {"not": {}}
        if resolved.keys() == {"$ref"}:
            resolved = self._read_target(self._definitions[int(resolved["$ref"].split("/")[-1])])[0]
        allowed = hidden == "readOnly"
        read = whole(without(resolved, hidden, are_allowed=allowed))
        if not self._definitions:
            return read
        definitions: dict[str, Node] = {}
        missing = _needed(read)
        while missing:
            name = missing.pop()
            if (name, hidden) not in self._read_definitions:
                reference = self._definitions[int(name.removesuffix(OPEN))]
                target = without(self._read_target(reference)[0], hidden, are_allowed=allowed)
                definition = (part if name.endswith(OPEN) else whole)(target)
                self._read_definitions[name, hidden] = definition, _needed(definition)
            definitions[name], needed = self._read_definitions[name, hidden]
            missing |= needed - definitions.keys()
        return {**read, "$defs": definitions} if definitions else read

    def described(self, node: Node) -> Node:
        """Return the parameter or header with its schema, resolved."""
        return {**node, "schema": self.of_requests(node.get("schema", {}))}


def _needed(schema: Node) -> set[str]:
    """Return the names of the definitions to which the schema refers."""
    return set(_DEFINITION.findall(json.dumps(schema, default=str)))


def _generality(path: str) -> list[int]:
    parts = path.split("/")
    return [bool(_PARAMETER.search(p)) + bool(_PARAMETER.fullmatch(p)) for p in parts]


def _expression(path: str) -> str:
    """Return the regular expression of a path, with a group for each parameter."""
    parts = _PARAMETER.split(path)
    return "".join(_TEXT if i % 2 else re.escape(part) for i, part in enumerate(parts))


def _prefix(server: Node) -> str:
    """Return the regular expression of the path of a server's URL, whose variables may be any."""
    path = urlsplit(str(server.get("url", "/"))).path.strip("/")
    return "[^/]+".join(map(re.escape, _PARAMETER.split(f"/{path}")[::2])) if path else ""


def _narrowed(target: Node, beside: Node) -> Node:
    """Return the target of a reference, narrowed by the keywords beside the reference."""
    try:
        keywords = merged({}, beside)
        if narrowed := keywords.get("properties"):
            declared = {*target.get("properties", {}), *beside.get("properties", {})}
            keywords["properties"] = {n: s for n, s in narrowed.items() if n in declared}
        if "$ref" not in target:
            return merged(target, keywords)
    except ValueError:
        pass  # A keyword has two values, which both count.
    return {"allOf": [target, beside]}
