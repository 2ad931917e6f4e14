"""Rules of texts, as marshmallow fields whose JSON Schema states the whole rule."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, validate


class Timestamp(fields.String):
    """A moment in UTC as RFC 3339 writes it, always to the microsecond."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"


@dataclass(frozen=True, kw_only=True)
class Text:
    """The rule of a text, and the messages for texts that violate it.

    `refused` are texts that the rest of the rule would accept. `name` is that of its schema in the
    document, if the rule is too long to stand in the schema of a form.

    Lengths count code points, as JSON Schema and both databases do.
    """

    description: str
    example: str
    pattern: str
    minimum: int = 0
    maximum: int | None = None
    pattern_message: str = "Give a text that fits the pattern."
    length_message: str = ""
    refused: Sequence[str] = ()
    format: str | None = None
    name: str | None = None

    def field(self, kind: type[fields.String] = fields.String, **options: Any) -> fields.String:
        """Return a marshmallow field whose JSON Schema states the whole rule."""
        metadata: dict[str, Any] = {"description": self.description, "examples": [self.example]}
        if self.format:
            metadata["format"] = self.format
        if self.name:
            metadata["component"] = self.name
        if self.refused:
            metadata["not"] = {"type": "string", "enum": list(self.refused)}
        options["error_messages"] = {"required": "Give this field."}
        return kind(validate=TextValidator(self), metadata=metadata, **options)


class TextValidator(validate.Validator):
    """Check a text's length, then its pattern, then the list of refused texts.

    Raises `ValidationError` for the first check that fails, so that a pattern never runs on a text
    that is too long. The pattern must match the whole text, because Python's `$` also matches
    before a final line feed, and JSON Schema's does not.
    """

    equal = None

    def __init__(self, rule: Text) -> None:
        self.rule = rule
        # apispec reads these three, and writes `minLength`, `maxLength` and `pattern`.
        self.min, self.max = rule.minimum or None, rule.maximum
        self.regex = re.compile(rule.pattern)
        least = f"{rule.minimum} to" if rule.minimum else "at most"
        self._length_message = rule.length_message or f"Give {least} {rule.maximum} characters."

    def __call__(self, value: str) -> str:
        maximum = self.rule.maximum
        if maximum is not None and not self.rule.minimum <= len(value) <= maximum:
            raise ValidationError(self._length_message)
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self.rule.pattern_message)
        if value in self.rule.refused:
            raise ValidationError("This value is too common. Choose another.")
        return value
