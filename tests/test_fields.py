"""Each field's rule, character by character: the schema and the document agree."""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple
from unicodedata import category

import pytest
from jsonschema_rs import Draft202012Validator
from marshmallow import Schema, ValidationError

from api.contract.proof.proof import Proof
from api.fields import PASSWORD as PASSWORD_RULE
from api.schemas import NewUserDetails, SignUp
from tests.actor import FORM, PASSWORD
from tests.operations import OPERATIONS

# Characters by their Unicode category, not derived from the rules. A lone surrogate isn't a
# character.
UNICODE = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF]
KINDS: dict[str, list[str]] = {}
for _character in UNICODE:
    KINDS.setdefault(category(_character), []).append(_character)
CONTROLS = KINDS.pop("Cc")
SPACES = KINDS.pop("Zs") + KINDS.pop("Zl") + KINDS.pop("Zp")
EVERY_KIND = [character for kind in KINDS.values() for character in (kind[0], kind[-1])]
# Unicode's Default_Ignorable_Code_Point characters up to U+FFFF, the blank U+2800, and U+2027,
# which is visible; see `api.fields`.
_IGNORABLE = (
    "ad 34f 61c 115f-1160 17b4-17b5 180b-180f 200b-200f 202a-202e 2060-206f 3164 fe00-fe0f feff "
    "ffa0 fff0-fff8 2800 2027"
)
_RANGES = [[int(code, 16) for code in part.split("-")] for part in _IGNORABLE.split()]
BLANKS = [chr(code) for ends in _RANGES for code in range(ends[0], ends[-1] + 1)]
ENDS = [chr(code) for ends in _RANGES for code in dict.fromkeys(ends)]
_EMPTY = {*SPACES, *BLANKS}
NEXT_TO_BLANKS = [
    beside
    for c in sorted(_EMPTY)
    for beside in (chr(ord(c) - 1), chr(ord(c) + 1))
    if beside not in _EMPTY and beside not in CONTROLS
]
OTTER = "\U0001f9a6"  # Outside the BMP: two UTF-16 units, four bytes of UTF-8, one code point.

OF_USERNAMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-"
NOT_OF_USERNAMES = [
    *(c for c in UNICODE[:256] if c not in OF_USERNAMES),
    # Characters that case-fold to an allowed one, or look like one.
    *"\u017f\u0130\u0131\u212a\uff21\u0430\u0661\u0301\U0001d41a",
    *ENDS,
    OTTER,
]
USERNAMES = ["a", "x" * 150, "ada.lovelace@example.org", "..", "--", *OF_USERNAMES]
NO_USERNAMES = [
    "",
    "x" * 151,
    "a b",
    *(f"ada{c}" for c in NOT_OF_USERNAMES),
    "\nada",
    "\0",
    "\u00e9",
]
NAMES = [
    *("x" * 150, OTTER * 150, "\U0010ffff" * 150, "\U0001d160" * 150, "e\u0301" * 75, "k", OTTER),
    *("O'Brien", "de la Cruz", "Jos\u00e9", "\u5c71\u7530", "\u0645\u062d\u0645\u062f", "a  b"),
    *("null", "'; --", "%", "%00", "%FF", "+", "&", "=", "\\", "\\0", "&amp;", "<b>", '"', "0"),
    *(f"{space}k{space}" for space in SPACES),
    *(f"{''.join(SPACES + BLANKS)}k", f"k{''.join(SPACES + BLANKS)}", *NEXT_TO_BLANKS),
    *(
        "\u0915\u094d\u200d\u0937",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ),  # Joiners between visible characters.
    *(character for character in EVERY_KIND if character not in BLANKS),
]
NO_NAMES = [
    *("x" * 151, OTTER * 151, "e\u0301" * 76, "king\r\n", "\nking", " \n"),
    *(text for c in CONTROLS for text in (c, f"king{c}")),
]
INVISIBLE = [*SPACES, *ENDS, "".join(SPACES), "".join(SPACES + BLANKS), " " * 150]
LONG = "an otter counts"  # Fifteen characters, the minimum.
PASSWORDS = [
    *(LONG, "x" * 256, OTTER * 15, OTTER * 256, " " * 15, "\u3000" * 256, "\U0001d160" * 256),
    *(f"{text}!" for text in PASSWORD_RULE.refused),
    *(LONG[1:] + c for c in [*EVERY_KIND, *SPACES, *ENDS]),
]
NO_PASSWORDS = [
    *("", "x", "x" * 14, OTTER * 14, "e\u0301" * 7, "x" * 257, OTTER * 257),
    *("123456789012345", "passwordpassword", "qwertyuiopasdfgh", *PASSWORD_RULE.refused),
    *(LONG + c for c in CONTROLS),
    *("\n" + LONG, "\0" * 15),
]


class Field(NamedTuple):
    """A field of a form, with texts that it accepts and texts that it refuses."""

    form: type[Schema]
    name: str
    takes: list[str]
    refuses: list[str]

    def disagreements(self, takes: Callable[[dict[str, str]], bool]) -> list[str]:
        """Return the texts that `takes` judges differently, in a form that is otherwise valid."""
        good = {"username": "sam", "password": PASSWORD} if self.form is SignUp else FORM
        said = [(text, takes(good | {self.name: text})) for text in self.takes + self.refuses]
        return [ascii(text) for text, taken in said if taken is not (text in self.takes)]


FIELDS = [
    Field(SignUp, "username", USERNAMES, NO_USERNAMES),
    Field(SignUp, "password", PASSWORDS, NO_PASSWORDS),
    Field(NewUserDetails, "username", USERNAMES, NO_USERNAMES),
    Field(NewUserDetails, "firstname", ["", *INVISIBLE, *NAMES], NO_NAMES),
    Field(NewUserDetails, "lastname", NAMES, ["", *INVISIBLE, *NO_NAMES]),
]
each_field = pytest.mark.parametrize(
    "field", FIELDS, ids=[f"{field.form.__name__}.{field.name}" for field in FIELDS]
)


def test_each_field_of_each_form_has_texts_that_it_takes_and_refuses() -> None:
    forms = {field.form for field in FIELDS}
    assert {form.__name__ for form in forms} == {each.form for each in OPERATIONS if each.form}
    tried = {(field.form, field.name) for field in FIELDS}
    assert tried == {(form, name) for form in forms for name in form().fields}


def validator(proof: Proof, form: type[Schema], **narrowed: Any) -> Draft202012Validator:
    """Return a validator of the form's schema in the document.

    Its regex engine isn't Python's, because clients' engines aren't either.
    """
    schema = proof.document.resolve(proof.root["components"]["schemas"][form.__name__])
    return Draft202012Validator(schema | narrowed)


@each_field
def test_the_schema_takes_what_the_rule_takes_and_no_more(field: Field) -> None:
    """Checklist 27, 29 and 30."""
    schema = field.form()
    assert not field.disagreements(lambda form: not schema.validate(form))


@each_field
def test_the_document_takes_what_the_rule_takes_and_no_more(field: Field, proof: Proof) -> None:
    """Checklist 27, 29 and 30."""
    assert not field.disagreements(validator(proof, field.form).is_valid)


@pytest.mark.parametrize(
    ("form", "name", "takes"),
    [
        (SignUp, "username", lambda c: c in OF_USERNAMES),
        (NewUserDetails, "firstname", lambda c: category(c) != "Cc"),
        (NewUserDetails, "lastname", lambda c: category(c) != "Cc" and c not in SPACES + BLANKS),
    ],
)
def test_schema_and_document_judge_single_characters_of_all_of_unicode_alike(
    form: type[Schema], name: str, takes: Callable[[str], bool], proof: Proof
) -> None:
    """Each character up to the end of the white space, and each hundredth beyond."""
    field, document = form().fields[name], validator(proof, form, required=[])

    def schema_takes(character: str) -> bool:
        try:
            field.deserialize(character)
        except ValidationError:
            return False
        return True

    for character in UNICODE[:0x3100] + UNICODE[0x3100::101]:
        judged = schema_takes(character), document.is_valid({name: character})
        assert judged == (takes(character),) * 2, ascii(character)
