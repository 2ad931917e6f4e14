"""The boundaries of each field of a request: the last valid and the first invalid values."""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .characters import Run
from .document import Document, Node, Operation, fits, from_text
from .exchanges import Exchange, Form, Unreadable
from .pattern_text import runs
from .request_rules import parameter_texts, request_faults
from .rules import is_well_formed
from .schemas import Schema, changes

_NAMES = {
    ("minLength", "stricter"): "shortest",
    ("minLength", "looser"): "one shorter",
    ("maxLength", "stricter"): "longest",
    ("maxLength", "looser"): "one longer",
    ("minimum", "stricter"): "least",
    ("minimum", "looser"): "one less",
    ("maximum", "stricter"): "most",
    ("maximum", "looser"): "one more",
    ("minItems", "stricter"): "fewest",
    ("minItems", "looser"): "one fewer",
    ("maxItems", "stricter"): "most items",
    ("maxItems", "looser"): "one item more",
}
_PLACES = ("path", "query", "header")


@dataclass(frozen=True)
class Field:
    """A field of a request. `encoding` is "path", "query", "header" or the media type of the body.

    `whole` is the schema of all fields in the same encoding.
    """

    operation: Operation
    encoding: str
    name: str
    whole: Schema

    @cached_property
    def schema(self) -> Schema:
        schema: Schema = self.whole["properties"][self.name]
        return schema

    @cached_property
    def required(self) -> bool:
        return self.name in self.whole.get("required", [])

    @cached_property
    def _others(self) -> Schema:
        properties = {**self.whole["properties"], self.name: {}}
        required = [name for name in self.whole.get("required", []) if name != self.name]
        return {**self.whole, "properties": properties, "required": required}

    @cached_property
    def _rest(self) -> Operation:
        """The operation without the body or parameters that the field is part of."""
        rest = copy(self.operation)
        rest.parameters = [p for p in rest.parameters if p["in"] != self.encoding]
        rest.bodies = {} if self.encoding in rest.bodies else rest.bodies
        return rest

    @property
    def _refusal(self) -> int:
        """The status for an invalid value."""
        return 404 if self.encoding == "path" else 400

    def values(self, exchange: Exchange, path: Mapping[str, str]) -> list[Any] | None:
        """Return the values of the field, or None if anything else of the request is invalid."""
        pairs = self._pairs(exchange, path)
        if pairs is None or not is_well_formed(exchange):
            return None
        if any(request_faults(self._rest, dict(path), exchange)):
            return None
        values = [value for name, value in pairs if name == self.name]
        others = [pair for pair in pairs if pair[0] in self.whole["properties"]]
        others = [pair for pair in others if pair[0] != self.name]
        once = len(dict(others)) == len(others)
        rest = {name: value for name, value in pairs if name != self.name}
        return values if once and None not in values and fits(self._others, rest) else None

    def _pairs(self, exchange: Exchange, path: Mapping[str, str]) -> list[tuple[str, Any]] | None:
        """Return all names and values of the body or parameters that the field is part of."""
        if self.encoding in _PLACES:
            named = [{"in": self.encoding, "name": name} for name in self.whole["properties"]]
            texts = ((p["name"], parameter_texts(p, dict(path), exchange)) for p in named)
            return self._typed((name, text) for name, given in texts for text in given)
        if exchange.sent_media_type != self.encoding:
            return None
        try:
            body = exchange.read()
        except Unreadable:
            return None
        if isinstance(body, Form):
            return self._typed(body.fields)
        return list(body.value.items()) if isinstance(body.value, dict) else None

    def _typed(self, pairs: Iterable[tuple[str, str | None]]) -> list[tuple[str, Any]]:
        kinds = self.whole["properties"]
        return [(n, t if t is None else from_text(kinds.get(n, {}), t)) for n, t in pairs]

    def boundaries(self) -> Iterator[str]:
        """Yield the name of each boundary."""
        if self.encoding != "path":  # Without the parameter it would be another path.
            yield from ("absent", "empty")
        if self.encoding not in ("path", "header", "application/json"):
            yield "repeated"  # Commas join the values of a header.
        yield from self._variants
        for run in self._runs:
            yield from run.boundaries(self.schema)

    @cached_property
    def _runs(self) -> list[Run]:
        if "pattern" not in self.schema:
            return []
        if "examples" not in self.schema:
            raise NotImplementedError(f"{__name__} doesn't support {self.name} without an example.")
        return [Run(first, last) for first, last in runs(self.schema["pattern"])]

    @cached_property
    def _variants(self) -> dict[str, tuple[bool, Schema]]:
        """Whether an accepted value proves each boundary, and the schema without that boundary."""
        found = {}
        for change in changes(self.schema, texts=True):
            keyword = str(change.line[0])
            if keyword in ("type", "pattern") or change.direction == "different" or change.target:
                continue
            if change.words.endswith("dropped") and keyword != "enum":
                continue
            # A member of an enum is accepted, and a member that could be added is refused.
            words = change.words.removeprefix("enum: ")
            words = words.replace("dropped", "allowed").replace("added", "refused")
            name = _NAMES.get((keyword, change.direction), words)
            found[name] = (change.direction == "stricter", change.value)
        return found

    def proven(self, exchange: Exchange, path: Mapping[str, str]) -> Iterator[str]:
        """Yield the boundaries that this exchange proves. It must not violate the document."""
        values = self.values(exchange, path)
        if values is None or not (exchange.accepted or exchange.status == self._refusal):
            return
        if not values:
            if exchange.accepted != self.required:
                yield "absent"
        elif len(values) > 1:
            if not exchange.accepted and all(fits(self.schema, value) for value in values):
                yield "repeated"
        else:
            yield from self._proven_by_value(values[0], exchange.accepted)

    def _proven_by_value(self, value: Any, accepted: bool) -> Iterator[str]:
        if fits(self.schema, value) != accepted:
            return
        if value in ("", [], {}):
            yield "empty"
        for name, (is_valid, schema) in self._variants.items():
            if accepted == is_valid and fits(schema, value) != accepted:
                yield name
        if isinstance(value, str):
            for run in self._runs:
                yield from run.proven(self.schema, value, accepted)


def fields(document: Document) -> Iterator[Field]:
    """Yield every field of the document's requests, in each encoding."""
    for operation in document.operations():
        for media_type, schema in operation.bodies.items():
            for name in schema.get("properties", {}):
                yield Field(operation, media_type, name, schema)
        for place in _PLACES:
            whole = _object_schema([p for p in operation.parameters if p["in"] == place])
            for name in whole["properties"]:
                yield Field(operation, place, name, whole)


def _object_schema(parameters: list[Node]) -> Schema:
    """Return the schema of an object whose members are the parameters."""
    return {
        "type": "object",
        "properties": {parameter["name"]: parameter["schema"] for parameter in parameters},
        "required": [p["name"] for p in parameters if p.get("required")],
    }
