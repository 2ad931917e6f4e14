"""Schemas that refer to another one and narrow it by more keywords (JSON Schema 2020-12, 8.2.3.1).

Client generators ignore the keywords beside a `$ref`, so that all narrower schemas are one type.
"""

from collections.abc import Mapping
from typing import Any

_ANNOTATIONS = {"default", "description", "example", "examples", "summary", "title"}


def merged(schema: Mapping[str, Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return one schema that is as narrow as `schema` and `keywords` together.

    The schemas of `properties` are merged too. Of two annotations that of `keywords` counts. Raises
    `ValueError` if another keyword has two values.
    """
    both = {**schema, **keywords}
    for name in schema.keys() & keywords.keys():
        one, other = schema[name], keywords[name]
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            both[name] = merged(one, other)
        elif one != other and name not in _ANNOTATIONS:
            raise ValueError(f"{name} has two values.")
    return both
