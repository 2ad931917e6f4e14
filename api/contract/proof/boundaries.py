"""The boundaries of each field of a request: the last valid and the first invalid values."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..readings import Node
from .characters import Run, example_of
from .document import Document, Operation, media_key
from .exchanges import Exchange, Form, Json, Unreadable
from .pattern_text import runs
from .request_rules import parameter_texts, request_faults
from .rules import is_well_formed
from .schemas import Schema, changes
from .unjudged import NotJudged
from .values import fits, from_texts, is_json, is_of_files, kinds, separator

_NAMES = {
    "minLength": {"stricter": "shortest", "looser": "one shorter"},
    "maxLength": {"stricter": "longest", "looser": "one longer"},
    "minimum": {"stricter": "least", "looser": "one less"},
    "maximum": {"stricter": "most", "looser": "one more"},
    "exclusiveMinimum": {"stricter": "least", "looser": "one less"},
    "exclusiveMaximum": {"stricter": "most", "looser": "one more"},
    "minItems": {"stricter": "fewest", "looser": "one fewer"},
    "maxItems": {"stricter": "most items", "looser": "one item more"},
    "uniqueItems": {"looser": "equal items"},
    "multipleOf": {"stricter": "an odd multiple"},
}
_OTHERS = {"type", "pattern", "required", "additionalProperties"}
"""Keywords whose mutations are no boundaries of a value."""
_PLACES = ("path", "query", "header", "cookie")


@dataclass(frozen=True)
class Field:
    """A field of a request. `encoding` is one of `_PLACES` or the media type of the body.

    `whole` is the schema of all fields in the same encoding. A body without fields counts as one
    field without a name.
    """

    operation: Operation
    encoding: str
    name: str
    whole: Schema

    @property
    def where(self) -> str:
        return f"{self.encoding} {self.name}".strip()

    @cached_property
    def schema(self) -> Schema:
        schema: Schema = self.whole["properties"][self.name]
        return {**schema, **{k: self.whole[k] for k in ("$defs",) if k in self.whole}}

    @cached_property
    def _bounded(self) -> Schema:
        """The schema that has the bounds: the only alternative to null, if there is one."""
        for key in ("anyOf", "oneOf"):
            others = [s for s in map(_whole, self.schema.get(key, [])) if s.get("type") != "null"]
            if len(others) == 1:
                return {**{k: v for k, v in self.schema.items() if k != key}, **others[0]}
        return self.schema

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
    def _refusals(self) -> set[int]:
        """The statuses for an invalid value."""
        return {400, 404, 422} if self.encoding == "path" else {400, 422}

    def values(self, exchange: Exchange, path: Mapping[str, str]) -> list[Any] | None:
        """Return the values of the field, or None if anything else of the request is invalid."""
        given = self._given(exchange, path)
        if given is None or not is_well_formed(exchange, self.operation.is_strict):
            return None
        faults = [fault.text for fault in request_faults(self._rest, dict(path), exchange)]
        if any(faults) or (faults and not exchange.accepted):  # Some parts aren't judged.
            return None
        values = given.pop(self.name, [])
        once = all(len(given.get(name, [])) < 2 for name in self.whole["properties"])
        rest = {name: others[-1] for name, others in given.items() if others}
        return values if once and None not in values and fits(self._others, rest) else None

    def _given(self, exchange: Exchange, path: Mapping[str, str]) -> dict[str, list[Any]] | None:
        """Return the values, by name, of the body or parameters that the field is part of."""
        if self.encoding in _PLACES:
            return {
                p["name"]: from_texts(
                    p["schema"], parameter_texts(p, dict(path), exchange), separator(p)
                )
                for p in self.operation.parameters
                if p["in"] == self.encoding
            }
        body = self._body(exchange)
        if isinstance(body, Form):
            properties = self.whole["properties"]
            texts = body.by_name.items()
            return {name: from_texts(properties.get(name, {}), each) for name, each in texts}
        if body is None or (self.name and not isinstance(body.value, dict)):
            return None
        return {n: [v] for n, v in body.value.items()} if self.name else {"": [body.value]}

    def _body(self, exchange: Exchange) -> Form | Json | None:
        with suppress(Unreadable):
            return exchange.read() if self._is_encoded(exchange) else None
        return None

    def _is_encoded(self, exchange: Exchange) -> bool:
        return media_key(self.operation.bodies, exchange.sent_media_type) == self.encoding

    def boundaries(self) -> Iterator[str]:
        """Yield the name of each boundary."""
        if not self.name:
            yield "accepted"
        elif self.encoding != "path":  # Without the parameter it would be another path.
            yield "absent"
        if is_of_files(self._bounded):
            return
        is_text, is_list = not is_json(self.encoding), _is_list(self.schema)
        if self.name and self.encoding != "path" and not (is_text and is_list):
            yield "empty"
        may_repeat = is_list or self.encoding in ("path", "header") or not self.operation.is_strict
        if self.name and is_text and not may_repeat:
            yield "repeated"  # Commas join the values of a header.
        yield from self._variants
        for run in self._runs:
            yield from run.boundaries(self._bounded, self._example or "")

    def not_judged(self) -> Iterator[NotJudged]:
        """Yield that the characters of the field are left out, if they are."""
        if self._example is None and "pattern" in self._bounded:
            parameter = {"in": self.encoding, "name": self.name}
            is_parameter, body = self.encoding in _PLACES, self.operation.body_place
            place = self.operation.parameter_place(parameter) if is_parameter else body
            yield NotJudged(place, f"characters of {self.name}, without an example")

    @cached_property
    def _example(self) -> str | None:
        return example_of(self._bounded) if "pattern" in self._bounded else None

    @cached_property
    def _runs(self) -> list[Run]:
        if self._example is None:
            return []
        return [Run(first, last) for first, last in runs(self._bounded["pattern"])]

    @cached_property
    def _variants(self) -> dict[str, tuple[bool, Schema]]:
        """Whether an accepted value proves each boundary, and the schema without that boundary."""
        found = {}
        for change in changes(self._bounded, texts=True):
            keyword = str(change.line[0])
            if keyword in _OTHERS or change.direction in ("different", "unknown") or change.target:
                continue
            if change.words.endswith("dropped") and keyword != "enum":
                continue
            # A member of an enum is accepted, and a member that could be added is refused.
            words = change.words.removeprefix("enum: ")
            words = words.replace("dropped", "allowed").replace("added", "refused")
            name = _NAMES.get(keyword, {}).get(change.direction, words)
            found[name] = (change.direction == "stricter", change.value)
        return found

    def proven(self, exchange: Exchange, path: Mapping[str, str]) -> Iterator[str]:
        """Yield the boundaries that this exchange proves. It must not violate the document."""
        if not self.name and exchange.accepted and self._is_encoded(exchange):
            yield "accepted"
        values = self.values(exchange, path)
        if values is None or not (exchange.accepted or exchange.status in self._refusals):
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
        if fits(self._bounded, value) != accepted:
            return
        if value in ("", [], {}):
            yield "empty"
        for name, (is_valid, schema) in self._variants.items():
            if accepted == is_valid and fits(schema, value) != accepted:
                yield name
        if isinstance(value, str):
            for run in self._runs:
                yield from run.proven(self._bounded, self._example or "", value, accepted)


def fields(document: Document) -> Iterator[Field]:
    """Yield every field of the document's requests, in each encoding."""
    for operation in document.operations():
        for media_type, schema in operation.bodies.items():
            whole = _flat(_whole(schema))
            if not whole["properties"]:
                required = [""] if operation.body_required else []
                whole = {"properties": {"": _whole(schema)}, "required": required}
            for name, field in whole["properties"].items():
                if not field.get("readOnly"):  # A request needn't have it, and may not mean it.
                    yield Field(operation, media_type, name, whole)
        for place in _PLACES:
            known = [p for p in operation.parameters if separator(p) is not None]
            whole = _object_schema([p for p in known if p["in"] == place])
            for name in whole["properties"]:
                yield Field(operation, place, name, whole)


def _is_list(schema: Schema) -> bool:
    return "array" in kinds(schema)


def _flat(schema: Schema) -> Schema:
    """Return the schema with the fields of its `allOf` as its own."""
    parts = [*map(_flat, schema.get("allOf", [])), schema]
    fields = {n: field for part in parts for n, field in part.get("properties", {}).items()}
    required = [name for part in parts for name in part.get("required", [])]
    rest = {keyword: value for keyword, value in schema.items() if keyword != "allOf"}
    return {**rest, "properties": {n: _whole(f) for n, f in fields.items()}, "required": required}


def _whole(schema: Schema | bool) -> Schema:
    """Return the schema as an object, also if it is `true` or `false`."""
    return schema if isinstance(schema, Mapping) else {} if schema else {"not": {}}


def _object_schema(parameters: list[Node]) -> Schema:
    """Return the schema of an object whose members are the parameters."""
    definitions = [parameter["schema"].get("$defs", {}) for parameter in parameters]
    return {
        "type": "object",
        "properties": {parameter["name"]: parameter["schema"] for parameter in parameters},
        "required": [p["name"] for p in parameters if p.get("required")],
        "$defs": {name: each for defined in definitions for name, each in defined.items()},
    }
