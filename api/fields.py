"""Each field's rule, said once: the form, the document and the table take it from here."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from marshmallow import ValidationError, fields, validate

# Python, ECMA, Java, .NET, Ruby, PCRE2, RE2 and Rust must read a pattern alike. So it consists of
# literal characters, classes, repeats and groups, and of `\x` for the ASCII control characters:
# RE2 and PCRE2 have no `\u`, Ruby has no `\x9f`, and `\s` differs.
_CONTROLS = "\\x00-\\x1f\\x7f-\x9f"
# Unicode's White_Space without the controls, its Default_Ignorable_Code_Point characters, and the
# blank U+2800; up to U+FFFF, because ECMA without the `u` flag reads an astral range as something
# else. U+2027 is visible, but starts its range because a regular expression literal of ECMA can't
# contain U+2028.
_INVISIBLE = (
    " \xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2027-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
)


class Timestamp(fields.String):
    """A moment in UTC as RFC 3339 writes it, always to the microsecond."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"


@dataclass(frozen=True, kw_only=True)
class Text:
    """The rule for one text, and what to tell who breaks it. `refused` are texts that would fit.

    Lengths count code points, as JSON Schema and both databases do.
    """

    description: str
    example: str
    pattern: str
    minimum: int = 0
    maximum: int | None = None
    otherwise: str = "Give a text that fits the pattern."
    wrong_length: str = ""
    refused: Sequence[str] = ()
    format: str | None = None

    def field(self, kind: type[fields.String] = fields.String, **options: Any) -> fields.String:
        """Return a marshmallow field whose JSON Schema states the whole rule."""
        metadata: dict[str, Any] = {"description": self.description, "examples": [self.example]}
        if self.format:
            metadata["format"] = self.format
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
        self._wrong_length = rule.wrong_length or f"Give {least} {rule.maximum} characters."

    def __call__(self, value: str) -> str:
        maximum = self.rule.maximum
        if maximum is not None and not self.rule.minimum <= len(value) <= maximum:
            raise ValidationError(self._wrong_length)
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self.rule.otherwise)
        if value in self.rule.refused:
            raise ValidationError("Too well known: choose another.")
        return value


USERNAME = Text(
    description="The name an account goes by, compared without regard to letter case.",
    example="sam",
    pattern=r"^[A-Za-z0-9._@+-]*$",
    otherwise="Use only A-Z a-z 0-9 . _ @ + and -.",
    minimum=1,
    maximum=150,
)

_NAME = f"^[^{_CONTROLS}]*$"
_NO_CONTROLS = "Leave control characters out, line breaks and tabs among them."

FIRSTNAME = Text(
    description="The given name, in any script, kept exactly as given. Empty means not given.",
    example="john",
    pattern=_NAME,
    otherwise=_NO_CONTROLS,
    minimum=0,
    maximum=150,
)

FIRSTNAME_GIVEN = replace(FIRSTNAME, minimum=1)
"""A first name as it is read: empty means not given, and then it is null."""

LASTNAME = Text(
    description="The family name, in any script, kept exactly as given. It needs a character other "
    "than white space, invisible characters (Unicode's Default_Ignorable_Code_Point up to U+FFFF, "
    "and U+2800) and U+2027.",
    example="king",
    # Invisible characters, then a visible one: no two repeats in a row share a character, so that
    # an engine that backtracks takes time linear in the text.
    pattern=f"^[{_INVISIBLE}]*[^{_CONTROLS}{_INVISIBLE}][^{_CONTROLS}]*$",
    otherwise=f"Give more than white space and invisible characters. {_NO_CONTROLS}",
    minimum=1,
    maximum=150,
)

LASTNAME_GIVEN = replace(
    LASTNAME,
    description="The family name, exactly as it was given.",
    pattern=_NAME,
    otherwise=_NO_CONTROLS,
)
"""A last name in a response: before 2.0.0 it could consist of invisible characters."""

# The best known passwords that would be long enough (OWASP ASVS 5, 6.2.4), most common first.
_WELL_KNOWN = """
    123456789012345 1234567890123456 12345678901234567890 123123123123123 111111111111111
    1111111111111111 000000000000000 0000000000000000 aaaaaaaaaaaaaaa aaaaaaaaaaaaaaaa
    abcdefghijklmno abcdefghijklmnop abcdefghijklmnopqrstuvwxyz abc123abc123abc123
    abcabcabcabcabc passwordpassword Passwordpassword PasswordPassword password12345678
    password123456789 password1234567 passwordpassword1 password123password qwertyuiopasdfg
    qwertyuiopasdfgh qwertyuiopasdfghjkl qwertyuiopasdfghjklzxcvbnm qwertyqwertyqwerty
    qwerty123456789 1q2w3e4r5t6y7u8i 1q2w3e4r5t6y7u8i9o0p 1qaz2wsx3edc4rfv 1qaz2wsx3edc4rfv5tgb
    zxcvbnmasdfghjkl iloveyouiloveyou iloveyou12345678 letmeinletmeinletmein adminadminadmin
    administrator123 correcthorsebatterystaple thisismypassword mypasswordispassword
    changemechangeme
""".split()

PASSWORD = Text(
    # 15 characters is NIST SP 800-63B-4's least for a password that is the only factor.
    description="A passphrase in any script: length counts, composition doesn't. Compared by "
    "RFC 8265's OpaqueString profile, so that both ways of typing an accent are one.",
    example="an otter counts nine moons",
    pattern=_NAME,
    otherwise=_NO_CONTROLS,
    minimum=15,
    maximum=256,
    refused=_WELL_KNOWN,
    format="password",
)

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

RECORD_ID = Text(
    description="A random UUID (RFC 9562, version 4: 122 bits). Whoever holds it may read or "
    "delete the record, nobody else can find it.",
    example="0b9f6a52-6a0e-4d3b-9a4e-3f1c52f1a7d8",
    pattern=f"^{UUID_PATTERN}$",
    minimum=36,
    maximum=36,
    format="uuid",
)

# Read whatever its letter case, as RFC 9562 asks, and whatever its version.
ID_IN_LINK = replace(RECORD_ID, pattern="^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")

CREATED_AT = Text(
    description="When the record was accepted, in UTC (RFC 3339).",
    example="2026-11-23T07:30:00.000000Z",
    pattern="^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$",
    minimum=27,
    maximum=27,
    format="date-time",
)
