"""The rule of each field, from which the forms, the document and the tables are derived."""

from dataclasses import replace

from api.text_rules import Text

# A pattern must mean the same to Python, ECMA, Java, .NET, Ruby, PCRE2, RE2 and Rust. So it has
# only literal characters, classes, repeats and groups, and `\x` for the ASCII control characters:
# RE2 and PCRE2 have no `\u`, Ruby has no `\x9f`, and `\s` differs.
_CONTROLS = "\\x00-\\x1f\\x7f-\x9f"
# Unicode's White_Space without the control characters, its Default_Ignorable_Code_Point characters,
# and the blank U+2800; only up to U+FFFF, because ECMA without the `u` flag misreads ranges beyond.
# U+2027 is visible, but starts its range because a regular expression literal of ECMA can't contain
# U+2028.
_INVISIBLE = (
    " \xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2027-\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
)

USERNAME = Text(
    description="The name of the account. Names that differ only in letter case are equal.",
    example="ada",
    pattern=r"^[A-Za-z0-9._@+-]*$",
    pattern_message="Use only the letters A-Z and a-z, digits and . _ @ + -",
    minimum=1,
    maximum=150,
)

_NAME = f"^[^{_CONTROLS}]*$"
_NO_CONTROLS = "Remove control characters, such as line breaks and tabs."

FIRSTNAME = Text(
    description="The given name, in any script, stored unchanged. Empty means not given.",
    example="john",
    pattern=_NAME,
    pattern_message=_NO_CONTROLS,
    minimum=0,
    maximum=150,
)

FIRSTNAME_IN_RESPONSE = replace(
    FIRSTNAME, description="The given name, or null if it was not given.", minimum=1
)
"""A first name in a response."""

LASTNAME = Text(
    description="The family name, in any script, stored unchanged. It needs a visible character: "
    "white space, Unicode's Default_Ignorable_Code_Point up to U+FFFF, U+2027 and U+2800 don't "
    "count.",
    example="king",
    # Adjacent repeats share no character, so that a backtracking engine takes linear time.
    pattern=f"^[{_INVISIBLE}]*[^{_CONTROLS}{_INVISIBLE}][^{_CONTROLS}]*$",
    pattern_message=f"Give at least one visible character. {_NO_CONTROLS}",
    minimum=1,
    maximum=150,
)

LASTNAME_IN_RESPONSE = replace(
    LASTNAME,
    description="The family name.",
    pattern=_NAME,
    pattern_message=_NO_CONTROLS,
)
"""A last name in a response: before 2.0.0 it could consist of invisible characters."""

# The most common passwords of sufficient length (OWASP ASVS 5, 6.2.4), most common first.
_COMMON_PASSWORDS = """
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

LONGEST_PASSWORD = 256

PASSWORD = Text(
    # NIST SP 800-63B-4 asks for 15 characters if the password is the only factor.
    description="A passphrase of at least 15 characters, in any script. Any kinds of characters "
    "will do. Passwords are compared after normalization (RFC 8265, OpaqueString), so that an "
    "accented letter equals the letter with a combining accent. The most common passwords are "
    "refused, and listed in this schema.",
    example="an otter counts nine moons",
    pattern=_NAME,
    pattern_message=_NO_CONTROLS,
    minimum=15,
    maximum=LONGEST_PASSWORD,
    refused=_COMMON_PASSWORDS,
    format="password",
    name="Password",
)

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

RECORD_ID = Text(
    description="A random UUID (RFC 9562, version 4), which can't be guessed. Anyone who knows it "
    "has access to the record.",
    example="0b9f6a52-6a0e-4d3b-9a4e-3f1c52f1a7d8",
    pattern=f"^{UUID_PATTERN}$",
    minimum=36,
    maximum=36,
    format="uuid",
)

ID_IN_LINK = replace(RECORD_ID, pattern="^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")
"""A record's id in a request, in any letter case (RFC 9562, section 4) and of any version."""

CREATED_AT = Text(
    description="When the record was created, in UTC (RFC 3339).",
    example="2026-11-23T07:30:00.000000Z",
    pattern="^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][.][0-9]{6}Z$",
    minimum=27,
    maximum=27,
    format="date-time",
)
