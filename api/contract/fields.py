"""Fields of marshmallow that accept exactly what the document prints for them.

Those of marshmallow with the same names accept more, such as the text "1" for a number.
"""

import decimal
import re
from typing import Any, ClassVar

from marshmallow import fields

from .encodings import Upload


class _Typed(fields.Field[Any]):
    """A field for JSON values of some types, and of a pattern if they are texts."""

    types: ClassVar[tuple[type, ...]] = (str,)
    pattern: ClassVar[str] = ""
    default_error_messages = {"type": "Give this field in the form of its example."}  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if self.pattern:
            self.metadata = {"pattern": f"^{self.pattern}$", **self.metadata}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        fits = type(value) in self.types and (
            not self.pattern or re.fullmatch(self.pattern, value, re.ASCII)
        )
        if not fits:
            raise self.make_error("type")
        return super()._deserialize(value, *args, **kwargs)


class File(_Typed):
    """A file of a form, which is then in multipart/form-data alone."""

    types = (Upload,)


class Boolean(_Typed, fields.Boolean):
    """True or false."""

    types = (bool,)


class Float(_Typed, fields.Float):
    """A number."""

    types = (int, float)


class Decimal(_Typed):
    """A decimal number as text, because a number of JSON would be rounded."""

    pattern = "-?[0-9]{1,30}([.][0-9]{1,30})?"

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> decimal.Decimal:
        return decimal.Decimal(super()._deserialize(value, *args, **kwargs))

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value:f}"


class UUID(_Typed, fields.UUID):
    """A UUID with hyphens (RFC 9562, section 4)."""

    pattern = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"


class Date(_Typed, fields.Date):
    """A date (RFC 3339) since the year 1000, such as 2026-11-27."""

    pattern = "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"


class DateTime(_Typed, fields.AwareDateTime):
    """A date and time with its offset from UTC (RFC 3339), without leap seconds."""

    pattern = (
        "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]([.][0-9]{1,6})?"
        "(Z|[+-][0-9]{2}:[0-9]{2})"
    )


class Email(_Typed, fields.String):
    """An address of letters, digits and . _ + - at a domain name."""

    pattern = (
        "[A-Za-z0-9_+-]{1,32}([.][A-Za-z0-9_+-]{1,15}){0,2}@"
        "([A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?[.]){1,4}[A-Za-z]{2,24}"
    )


class URL(_Typed, fields.String):
    """A URL of http or https (RFC 3986) with the name of a host."""

    pattern = (
        "https?://[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(:[0-9]{1,5})?"
        "(/(%[0-9A-Fa-f]{2}|[A-Za-z0-9._~:/@!$&'()*+,;=?-])*)?"
    )


PRINTED = {
    File: ("string", "binary"),
    Decimal: ("string", None),
    Email: ("string", "email"),
    URL: ("string", "uri"),
}
"""The type and format of the fields that aren't subclasses of marshmallow's with the same name."""
