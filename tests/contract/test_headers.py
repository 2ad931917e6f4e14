"""Each keyword of a header's schema is checked, and a keyword that can't be checked is refused."""

from typing import Any

import pytest

from api.contract import Header

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({}, ["", "any", "1"], []),
        (STRING, ["", "any", "1"], []),
        (INTEGER, ["0", "-1", "12"], ["", "1.5", "x", "+1", " 1", "\u0663"]),
        (INTEGER | {"minimum": 1, "maximum": 3}, ["1", "3"], ["0", "4", "x"]),
        (INTEGER | {"enum": [1, 3]}, ["1", "3"], ["2"]),
        (INTEGER | {"const": 3}, ["3"], ["2"]),
        (STRING | {"const": "a"}, ["a"], ["b", "aa", ""]),
        (STRING | {"enum": ["a", "b"]}, ["a", "b"], ["c", ""]),
        (STRING | {"pattern": "^a+$"}, ["a", "aa"], ["b", ""]),
        (STRING | {"pattern": "a"}, ["bab"], ["b"]),
        (STRING | {"minLength": 1, "maxLength": 2}, ["a", "ab"], ["", "abc"]),
        (
            INTEGER | {"format": "int32"},
            ["-2147483648", "2147483647"],
            ["2147483648", "-2147483649"],
        ),
        (STRING | {"format": "uri-reference"}, ["/a?b=%20#c", "//h/"], ["a b", "%2", "\xe9", "<"]),
        (STRING | {"format": "uuid"}, ["0b9f6a52-6a0e-4d3b-9a4e-3f1c52f1a7d8"], ["0b9f6a52"]),
        (
            STRING | {"format": "date-time"},
            ["2026-11-23T07:30:00Z", "2026-11-23T07:30:00.5+01:00"],
            ["2026-11-23", "Mon, 23 Nov 2026 07:30:00 GMT"],
        ),
    ],
)
def test_a_value_fits_or_not_by_each_keyword(
    schema: dict[str, Any], good: list[str], bad: list[str]
) -> None:
    assert [value for value in good if not Header(schema).fits(value)] == []
    assert [value for value in bad if Header(schema).fits(value)] == []


@pytest.mark.parametrize(
    "schema", [{"multipleOf": 2}, {"type": "array"}, {"type": "string", "format": "email"}]
)
def test_a_schema_that_asks_what_is_not_checked_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="can't be checked"):
        Header(schema)
