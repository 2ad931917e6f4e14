"""A rule creates a field, its error messages, and its schema in the document."""

import re
from dataclasses import replace
from itertools import product
from typing import Any
from unicodedata import category

import pytest
from marshmallow import Schema, ValidationError, fields

from api.fields import LASTNAME
from api.schemas import NewUserDetails, SignUp
from api.text_rules import Text, Timestamp

RULE = Text(description="A word.", example="otter", pattern="^[a-z]*$", minimum=1, maximum=5)


def errors_of(rule: Text, text: Any, **options: Any) -> list[str]:
    """Return the error messages for a text in a form, or for a form without it."""
    schema = Schema.from_dict({"word": rule.field(**options)})()
    messages: list[str] = schema.validate({} if text is None else {"word": text}).get("word", [])
    return messages


def test_a_field_has_one_message_for_the_first_check_that_fails() -> None:
    assert errors_of(RULE, "otter") == []
    assert errors_of(RULE, None) == [] and errors_of(RULE, None, required=True) == [
        "Give this field."
    ]
    assert errors_of(RULE, "") == ["Give 1 to 5 characters."]
    assert errors_of(RULE, "Otters") == ["Give 1 to 5 characters."]
    assert errors_of(RULE, "Otter") == ["Give a text that fits the pattern."]


def test_a_pattern_never_runs_on_a_text_that_is_too_long() -> None:
    """Each further `a` doubles the matching time of this pattern, so 40 would take hours."""
    slow = replace(RULE, pattern="^(a|a)*$")
    assert errors_of(slow, "a" * 40 + "!") == ["Give 1 to 5 characters."]
    assert errors_of(slow, "aaaa!") == ["Give a text that fits the pattern."]


def test_a_rule_without_a_minimum_states_the_maximum() -> None:
    some = Text(
        description="", example="", pattern="", minimum=0, maximum=1, pattern_message="Empty it."
    )
    assert errors_of(some, "") == [] and errors_of(some, "ab") == ["Give at most 1 characters."]
    assert errors_of(some, "a") == ["Empty it."]


def test_texts_that_would_fit_may_be_refused() -> None:
    known = Text(
        description="", example="", pattern=".*", minimum=0, maximum=9, refused=["otter", "owl"]
    )
    assert (
        errors_of(known, "owl") == ["This value is too common. Choose another."]
        and errors_of(known, "owls") == []
    )
    assert known.field().metadata["not"] == {"type": "string", "enum": ["otter", "owl"]}


def test_a_long_rule_has_a_schema_with_a_name() -> None:
    named = Text(description="A word.", example="otter", pattern=".*", name="Word")
    assert named.field().metadata["component"] == "Word"


def test_a_field_describes_its_rule() -> None:
    field = RULE.field()
    assert type(field) is fields.String
    assert field.metadata == {"description": "A word.", "examples": ["otter"]}
    assert type(RULE.field(Timestamp, attribute="at")) is Timestamp
    assert RULE.field(attribute="at").attribute == "at"


@pytest.mark.parametrize("text", ["ott\n", "\nott", "an o"])
def test_a_pattern_is_for_the_whole_text(text: str) -> None:
    with pytest.raises(ValidationError, match=r"Give a text that fits the pattern\."):
        RULE.field().deserialize(text)


COMMON = "This value is too common. Choose another."
VISIBLE = "Give at least one visible character."
CONTROLS = "Remove control characters, such as line breaks and tabs."


@pytest.mark.parametrize(
    ("form", "name", "text", "said"),
    [
        (SignUp, "username", "a b", "Use only the letters A-Z and a-z, digits and . _ @ + -"),
        (SignUp, "username", "", "Give 1 to 150 characters."),
        (SignUp, "password", "otters\t" * 3, CONTROLS),
        (SignUp, "password", "otters", "Give 15 to 256 characters."),
        (SignUp, "password", "passwordpassword", COMMON),
        (
            NewUserDetails,
            "username",
            "a b",
            "Use only the letters A-Z and a-z, digits and . _ @ + -",
        ),
        (NewUserDetails, "firstname", "\t", CONTROLS),
        (NewUserDetails, "firstname", "k" * 151, "Give at most 150 characters."),
        (NewUserDetails, "lastname", " ", f"{VISIBLE} {CONTROLS}"),
        (NewUserDetails, "lastname", "\u200b\ufeff", f"{VISIBLE} {CONTROLS}"),
        (NewUserDetails, "lastname", "k" * 151, "Give 1 to 150 characters."),
    ],
)
def test_each_field_of_the_service_says_what_it_takes(
    form: type[Schema], name: str, text: str, said: str
) -> None:
    assert form(only=[name]).validate({name: text}) == {name: [said]}


def test_a_last_name_is_any_text_without_controls_that_has_a_visible_character() -> None:
    """All 9,331 texts of up to five characters of six kinds."""
    pattern = re.compile(LASTNAME.pattern)
    for length in range(6):
        for text in map("".join, product("k\U0001f9a6 \u2003\u200b\n", repeat=length)):
            kinds = [category(character) for character in text]
            good = "Cc" not in kinds and bool({*text} & {*"k\U0001f9a6"})
            assert (pattern.fullmatch(text) is not None) == good, ascii(text)
