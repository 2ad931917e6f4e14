"""Schemas that refer to another one and narrow it by more keywords (JSON Schema 2020-12, 8.2.3.1).

The document has these keywords in an `allOf` beside the `$ref`. If `properties` stood there
instead, some tools would ignore the `$ref`. Tools that ignore the `allOf` generate one type for the
schema and for all that narrow it.
"""

from collections.abc import Mapping
from functools import reduce
from typing import Any

_ANNOTATIONS = {"default", "description", "example", "examples", "summary", "title"}


def merged(schema: Mapping[str, Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return one schema that is as narrow as `schema` and `keywords` together.

    The schemas of `properties` are merged too, and those of an `allOf` that only `keywords` have.
    Of two annotations that of `keywords` counts. Raises `ValueError` if another keyword has two
    values.
    """
    members = keywords.get("allOf")
    if isinstance(members, list) and "allOf" not in schema:
        others = {name: value for name, value in keywords.items() if name != "allOf"}
        return reduce(merged, [*members, others], dict(schema))
    both = {**schema, **keywords}
    for name in schema.keys() & keywords.keys():
        one, other = schema[name], keywords[name]
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            both[name] = merged(one, other)
        elif one != other and name not in _ANNOTATIONS:
            raise ValueError(f"{name} has two values.")
    return both
