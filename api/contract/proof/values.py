"""Whether a value fits a schema, and how a text is read as a value."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from jsonschema_rs import Draft202012Validator, FancyRegexOptions, ValidationError

from ..encodings import json_text
from ..readings import Node, Place

# In JSON 5.0 is an integer too, and 05 is not a number.
_NUMBER = re.compile(r"-?(0|[1-9]\d*)([.]\d+)?([eE][+-]?\d+)?", re.ASCII)


@cache
def _compiled(schema: str) -> tuple[Draft202012Validator, bool]:
    """Return a validator of the schema, and whether all its keywords are valid.

    The validator leaves out those that aren't.
    """
    whole = json.loads(schema)
    try:
        options = FancyRegexOptions()
        validator = Draft202012Validator(
            whole, mask="…", validate_formats=True, pattern_options=options
        )
        return validator, True
    except ValidationError as error:
        part, place = whole, error.instance_path
        for name in place[:-1]:
            part = part[name]
        for invalid in place[-1:]:
            del part[invalid]
        return _compiled(json.dumps(whole if place else {}))[0], False


_MOST_CACHED = 10_000
"""Most schemas belong to mutants that are no longer used."""
_Result = TypeVar("_Result")


def _cached(work: Callable[[Node], _Result]) -> Callable[[Node], _Result]:
    """Cache the results of a function by the identity of the schema."""
    results: dict[int, tuple[Node, _Result]] = {}

    def result(schema: Node) -> _Result:
        found = results.get(id(schema))
        if found is None or found[0] is not schema:
            if len(results) > _MOST_CACHED:
                results.clear()
            found = results[id(schema)] = schema, work(schema)
        return found[1]

    return result


@_cached
def _validator(schema: Node) -> tuple[Draft202012Validator, bool]:
    return _compiled(json.dumps(schema, default=str))  # YAML has dates, JSON has none.


def fits(schema: Node, value: Any) -> bool:
    """Return whether the value is valid."""
    return bool(_validator(schema)[0].is_valid(value))


def faults(schema: Node, value: Any) -> list[tuple[Place, str]]:
    """Return where an invalid value is wrong, and what, without the value: at most three faults."""
    errors = islice(_validator(schema)[0].iter_errors(value), 3)
    return [(tuple(error.instance_path), error.message) for error in errors]


def is_judged(schema: Node) -> bool:
    """Return whether all keywords of the schema are valid. Invalid keywords are left out."""
    return _validator(schema)[1]


@_cached
def kinds(schema: Node) -> set[str]:
    """Return the types that the schema names, also in its alternatives."""
    named = schema.get("type", [])
    found = {named} if isinstance(named, str) else set(named)
    return found.union(*map(kinds, _alternatives(schema)))


def items(schema: Node) -> Node:
    """Return the schema of an array's items, which an alternative may have."""
    found: Node = schema.get("items") or next(filter(None, map(items, _alternatives(schema))), {})
    return found


def members(schema: Node) -> dict[str, Node]:
    """Return the schemas of an object's members, also those that an alternative has."""
    found: dict[str, Node] = {}
    for one in _alternatives(schema):
        found |= members(one)
    return {**found, **schema.get("properties", {})}


def _alternatives(schema: Node) -> list[Node]:
    every = [one for keyword in ("allOf", "anyOf", "oneOf") for one in schema.get(keyword, [])]
    return [one for one in every if isinstance(one, Mapping)]


def is_of_files(schema: Node) -> bool:
    """Return whether the schema describes the content of a file."""
    names = {"contentEncoding", "contentMediaType"} & schema.keys()
    is_one = bool(names) or schema.get("format") == "binary"
    return is_one or any(map(is_of_files, _alternatives(schema)))


def from_text(schema: Node, text: str, separator: str = ",") -> Any:
    """Return a text of a request, or of a header, as a value of the schema's type."""
    named = kinds(schema)
    if "array" in named:
        texts = text.split(separator) if text else []
        return [from_text(items(schema), part.strip()) for part in texts]
    is_number = {"integer", "number"} & named and _NUMBER.fullmatch(text)
    if is_number or ("boolean" in named and text in ("true", "false")):
        return json.loads(text)
    with suppress(ValueError):  # Forms have objects as JSON.
        return json_text(text) if "object" in named else text
    return text


def from_texts(schema: Node, texts: Sequence[str | None], separator: str | None = "") -> list[Any]:
    """Return the values of all texts with one name, which may be one list.

    The text of a file is None. Its value is "", or None if the schema isn't that of a file.
    """
    is_list = "array" in kinds(schema)
    if is_list and separator:
        return [from_text(schema, text or "", separator) for text in texts]
    one = items(schema) if is_list else schema
    of_file = "" if is_of_files(one) else None
    values = [of_file if text is None else from_text(one, text) for text in texts]
    return [values] if is_list and values else values


_SEPARATORS = {"form": ",", "simple": ",", "spaceDelimited": " ", "pipeDelimited": "|"}


def separator(parameter: Node) -> str | None:
    """Return what separates the items of the parameter or header, "" if each is a text of its own.

    Return None if this can't read the parameter.
    """
    place = parameter.get("in", "header")
    style = parameter.get("style", "form" if place in ("query", "cookie") else "simple")
    is_known = style in _SEPARATORS and "content" not in parameter
    if not is_known or "object" in kinds(parameter["schema"]):
        return None
    is_exploded = parameter.get("explode", style == "form") and place == "query"
    return "" if is_exploded else _SEPARATORS[style]


def is_json(media_type: str) -> bool:
    """Return whether content of this media type is one JSON document."""
    return media_type.partition(";")[0].strip().lower().endswith(("/json", "+json", "/x-json"))


def is_text(media_type: str) -> bool:
    """Return whether content of this media type is read as a value: as JSON or as a text."""
    is_stream = media_type.startswith("text/event-stream")
    return is_json(media_type) or (media_type.startswith("text/") and not is_stream)
