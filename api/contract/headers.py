"""A promised header: its schema, and which values fit it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_TYPES = {"string": str, "integer": int}


def _matches(pattern: str) -> Callable[[Any], bool]:
    matched = re.compile(pattern, re.ASCII).fullmatch
    return lambda value: matched(value) is not None


_FORMATS: Mapping[str, Callable[[Any], bool]] = {
    "date-time": _matches(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"),
    "int32": lambda value: -(2**31) <= value < 2**31,
    "uri-reference": _matches(r"(%[0-9A-Fa-f]{2}|[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-])*"),
    "uuid": _matches(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
}
_CHECKS: Mapping[str, Any] = {
    "type": lambda value, kind: isinstance(value, _TYPES[kind]),
    "const": lambda value, const: value == const,
    "enum": lambda value, members: value in members,
    "pattern": lambda value, pattern: pattern.search(value),
    "format": lambda value, name: _FORMATS[name](value),
    "minLength": lambda value, least: len(value) >= least,
    "maxLength": lambda value, most: len(value) <= most,
    "minimum": lambda value, least: value >= least,
    "maximum": lambda value, most: value <= most,
}
"""What each keyword asks of a value, the type first: those that a header's schema may have."""


@dataclass(frozen=True)
class Header:
    """What a header holds: any value that fits the schema; only that value, where it is const.

    Raises `ValueError` for a schema that asks what isn't checked.
    """

    schema: Mapping[str, Any]
    description: str = ""
    required: bool = True

    def __post_init__(self) -> None:
        kind, name = self.schema.get("type", "string"), self.schema.get("format", "uuid")
        if self.schema.keys() - _CHECKS.keys() or kind not in _TYPES or name not in _FORMATS:
            raise ValueError(f"A header isn't checked for all of {self.schema}.")

    @classmethod
    def always(cls, value: str, description: str = "", *, required: bool = True) -> "Header":
        """A header that holds `value` and nothing else."""
        return cls({"type": "string", "const": value}, description, required)

    @property
    def const(self) -> str | None:
        value: str | None = self.schema.get("const")
        return value

    @cached_property
    def _checks(self) -> list[tuple[Any, Any]]:
        """What is asked of a value, each with what is wanted, the type first."""
        wanted = {**self.schema, "pattern": re.compile(self.schema.get("pattern", ""))}
        return [(check, wanted[k]) for k, check in _CHECKS.items() if k in self.schema]

    def fits(self, text: str) -> bool:
        """Whether the header may hold `text`; an integer is written in decimal digits."""
        integer = self.schema.get("type") == "integer" and re.fullmatch("-?[0-9]+", text)
        value = int(text) if integer else text
        return all(check(value, wanted) for check, wanted in self._checks)
