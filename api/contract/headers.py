"""Declarations of response headers, by which their values are checked."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .fields import UUID

_TYPES = {"string": str, "integer": int}


def _matches(pattern: str) -> Callable[[Any], bool]:
    matched = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: matched(value) is not None


_FORMATS: Mapping[str, Callable[[Any], bool]] = {
    "date-time": _matches(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"),
    "int32": lambda value: -(2**31) <= value < 2**31,
    "uri-reference": _matches(r"(%[0-9A-Fa-f]{2}|[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-])*"),
    "uuid": _matches(UUID.pattern),
}
_CHECKS: Mapping[str, Any] = {
    "type": lambda value, kind: isinstance(value, _TYPES[kind]),
    "const": lambda value, const: value == const,
    "enum": lambda value, members: value in members,
    "pattern": lambda value, pattern: pattern.search(value),
    "format": lambda value, name: _FORMATS[name](value),
    "minLength": lambda value, minimum: len(value) >= minimum,
    "maxLength": lambda value, maximum: len(value) <= maximum,
    "minimum": lambda value, minimum: value >= minimum,
    "maximum": lambda value, maximum: value <= maximum,
}
"""The check of each keyword that a header's schema may have. The type comes first."""


@dataclass(frozen=True)
class Header:
    """The declaration of a response header.

    Raises `ValueError` for a schema with a keyword, type or format that can't be checked.
    """

    schema: Mapping[str, Any]
    description: str = ""
    required: bool = True

    def __post_init__(self) -> None:
        kind, name = self.schema.get("type", "string"), self.schema.get("format", "uuid")
        if self.schema.keys() - _CHECKS.keys() or kind not in _TYPES or name not in _FORMATS:
            raise ValueError(f"A header can't be checked by all of {self.schema}.")

    @classmethod
    def constant(cls, value: str, description: str = "", *, required: bool = True) -> "Header":
        """Return the declaration of a header whose only value is `value`."""
        return cls({"type": "string", "const": value}, description, required)

    @cached_property
    def const(self) -> str | None:
        value: str | None = self.schema.get("const")
        return value

    @cached_property
    def _checks(self) -> list[tuple[Any, Any]]:
        """The check of each keyword of the schema, with the keyword's value."""
        values = {**self.schema, "pattern": re.compile(self.schema.get("pattern", ""))}
        return [(check, values[k]) for k, check in _CHECKS.items() if k in self.schema]

    def fits(self, text: str) -> bool:
        """Return whether `text` is a value of the header. An integer is in decimal digits."""
        integer = self.schema.get("type") == "integer" and re.fullmatch("-?[0-9]+", text)
        value = int(text) if integer else text
        return all(check(value, expected) for check, expected in self._checks)
