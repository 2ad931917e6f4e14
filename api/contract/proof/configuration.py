"""The configuration of the proof: `[tool.openapi-proof]` in pyproject.toml, and its document."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator

from ..readings import Node
from .coverage import KINDS
from .document import read

TABLE = "[tool.openapi-proof]"


class Misconfigured(Exception):
    """A mistake in the configuration or in the document. Its text says what to do."""


@dataclass(frozen=True)
class Configuration:
    """The settings of one document."""

    document: Path
    undocumented: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    strict: bool | None = None
    kept: int = 50
    contradictions: str = "fail"
    fail_under: dict[str, float] = field(default_factory=dict)
    excused: dict[str, str] = field(default_factory=dict)
    refuses_valid: dict[str, str] = field(default_factory=dict)

    @property
    def is_strict(self) -> bool:
        """By default a document is judged strictly if its lines are proven."""
        return "lines" in self.fail_under if self.strict is None else self.strict


_TEXTS = {"type": "array", "items": {"type": "string"}}
_REASONS = {"type": "object", "additionalProperties": {"type": "string", "pattern": r"\S"}}
_PERCENT = {"type": "number", "minimum": 0, "maximum": 100}
_SETTINGS: dict[str, Any] = {
    "document": {"type": "string"},
    "undocumented": _TEXTS,
    "hosts": _TEXTS,
    "strict": {"type": "boolean"},
    "kept": {"type": "integer", "minimum": 1},
    "contradictions": {"enum": ["fail", "report"]},
    "fail_under": {
        "type": "object",
        "properties": dict.fromkeys([*KINDS, "lines"], _PERCENT),
        "additionalProperties": False,
    },
    "excused": _REASONS,
    "refuses_valid": _REASONS,
    "accepted_breaks": _REASONS,  # The command `openapi` reads these.
}
_TABLE = Draft202012Validator(
    {"properties": _SETTINGS, "required": ["document"], "additionalProperties": False}
)


def configurations(file: Path) -> list[Configuration]:
    """Return the configuration of each document in a pyproject.toml. Raises `Misconfigured`."""
    whole = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    tables = whole.get("tool", {}).get("openapi-proof", [])
    return [
        _read(table, file.parent) for table in (tables if isinstance(tables, list) else [tables])
    ]


def _read(table: dict[str, Any], folder: Path) -> Configuration:
    for error in _TABLE.iter_errors(table):
        place = "".join(f", {name}" for name in error.instance_path)
        keys = f"The keys are {', '.join(_SETTINGS)}." if not place else "Correct it."
        raise Misconfigured(f"pyproject.toml, {TABLE}{place}: {error.message}. {keys}")
    for pattern in table.get("undocumented", []):
        try:
            re.compile(pattern)
        except re.error as error:
            said = f"{pattern!r} is no regular expression: {error}"
            raise Misconfigured(f"pyproject.toml, {TABLE}, undocumented: {said}.") from None
    return Configuration(**table | {"document": folder / table["document"]})


def read_document(file: Path) -> Node:
    """Return the document in a YAML or JSON file. Raises `Misconfigured`."""
    try:
        root = read(file)
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise Misconfigured(f"{file} can't be read as YAML or JSON: {error}") from None
    version = str(root.get("openapi")) if isinstance(root, dict) else ""
    if not version.startswith("3.") or not isinstance(root.get("paths"), dict):
        raise Misconfigured(f"{file} is no OpenAPI 3 document: it needs `openapi: 3…` and `paths`.")
    return root
