"""Each field of the contract accepts a value exactly if the printed schema calls it valid."""

import json
from decimal import Decimal
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from marshmallow import Schema, ValidationError, fields

from api.contract import fields as strict
from api.contract.inputs import valid_texts
from api.contract.spec import new_spec

VALUES: list[Any] = [
    *[
        None,
        True,
        False,
        0,
        1,
        -1,
        1.5,
        "",
        " 1",
        "1",
        "-1.50",
        "1.",
        ".5",
        "1e5",
        "NaN",
        "Infinity",
    ],
    *["\u0663", "x", "yes", "true", [], [1], {}, {"a": 1}],
    *["2020-01-31", "2020-02-30", "20200101", "2020-W01-1", "2020-01-01\n", "0000-01-01"],
    *["2020-01-01T00:00:00", "2020-01-01T00:00:00Z", "2020-01-01T23:59:59.123456+02:00"],
    *["2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z", "2016-12-31T23:59:60Z"],
    *["2020-01-01T00:00:00+24:00", "2020-01-01T00:00:00-23:59", "2020-01-01t00:00:00z"],
    *["2020-01-01 00:00:00Z", "2020-01-01T00:00:00.1234567Z", "20200101T000000Z"],
    *["6f1c8d0e-5b0a-4b0a-8b0a-5b0a4b0a8b0a", "6F1C8D0E-5B0A-4B0A-8B0A-5B0A4B0A8B0A"],
    *["6f1c8d0e5b0a4b0a8b0a5b0a4b0a8b0a", "urn:uuid:6f1c8d0e-5b0a-4b0a-8b0a-5b0a4b0a8b0a"],
    *[
        "a@b.de",
        "a.b+c@d.e-f.com",
        "a@b",
        "a@b.c",
        '"a b"@c.de',
        "a..b@c.de",
        "\u00f6@b.de",
        "a@-b.de",
    ],
    *["http://a.de", "https://a:80/b?c=%20", "http://a.de/%", "http://a.de/ ", "HTTP://a.de"],
    *["//a.de", "/a", "http://\u00f6.de", "mailto:a@b.de", "http://a.de/\u00f6", "http://a..de/"],
]
FIELDS = {
    field: getattr(strict, field)()
    for field in ("Boolean", "Date", "DateTime", "Decimal", "Email", "Float", "URL", "UUID")
}


def printed(field: fields.Field[Any]) -> Any:
    spec: Any = new_spec("3.1.0", {"title": "", "version": ""})
    return json.loads(json.dumps(spec.plugins[0].converter.field2property(field)))


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_is_accepted_exactly_if_the_document_calls_it_valid(name: str) -> None:
    schema = Schema.from_dict({"it": FIELDS[name]})()
    said = Draft202012Validator(printed(schema.fields["it"]), validate_formats=True)
    accepted = []
    for value in VALUES:
        try:
            schema.load({"it": value})
        except ValidationError:
            continue
        accepted.append(value)
    assert accepted == [value for value in VALUES if said.is_valid(value)]
    assert accepted


def test_a_decimal_is_text_in_both_directions() -> None:
    schema = Schema.from_dict({"it": strict.Decimal()})()
    assert schema.load({"it": "-1.50"}) == {"it": Decimal("-1.50")}
    assert schema.dump({"it": Decimal("1E+2")}) == {"it": "100"}
    assert schema.dump({"it": None}) == {"it": None}


def test_texts_of_a_form_are_read_as_their_fields() -> None:
    schema = Schema.from_dict({**FIELDS})()
    pairs = [("Boolean", "true"), ("Decimal", "1.50"), ("Float", "1.5"), ("Date", "2020-01-31")]
    loaded = valid_texts(schema, pairs)
    assert [str(loaded[name]) for name, _ in pairs] == ["True", "1.50", "1.5", "2020-01-31"]
