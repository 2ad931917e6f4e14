"""JSON content is compared with the printed schema: undeclared members, and wrong values."""

from typing import Any

import pytest
from marshmallow import Schema, fields

from api.contract import Body
from api.contract.content import Content
from tests.contract.adopted import Note


class Author(Schema):
    """A nested schema."""

    name = fields.String()


class Book(Schema):
    """A schema with each kind of field that contains members."""

    isbn = fields.String(data_key="ISBN")
    author = fields.Nested(Author)
    editors = fields.Nested(Author, many=True)
    shelves = fields.List(fields.List(fields.Nested(Author)))
    by_year = fields.Dict(values=fields.Nested(Author))
    notes = fields.Dict()
    secret = fields.String(load_only=True)
    anything = fields.Raw()


AUTHOR = {"type": "object", "properties": {"name": {}}}


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        (Book, {"ISBN": "1", "author": {"name": "Ada"}, "anything": {"x": [{"y": 1}]}}, []),
        (Book, {"isbn": "1", "secret": "x"}, ["isbn", "secret"]),
        (Book, {"author": {"age": 1}}, ["author.age"]),
        (Book, {"author": None, "editors": [{"name": "Ada"}, {"age": 1}]}, ["editors.1.age"]),
        (Book, {"shelves": [[], [{"name": "Ada"}, {"age": 1}]]}, ["shelves.1.1.age"]),
        (Book, {"by_year": {"1843": {"age": 1}}, "notes": {"x": {"y": 1}}}, ["by_year.1843.age"]),
        (Book(many=True), [{}, {"age": 1}], ["1.age"]),
        (Book(only=["author"]), {"notes": {}}, ["notes"]),
        ({}, {"x": {"y": 1}}, []),
        (AUTHOR, {"name": {"x": 1}, "age": 1}, ["age"]),
        (AUTHOR | {"additionalProperties": True}, {"age": 1}, []),
        (AUTHOR | {"additionalProperties": AUTHOR}, {"age": {"x": 1}}, ["age.x"]),
        ({"items": AUTHOR}, [{"name": "Ada"}, {"age": 1}], ["1.age"]),
        ({"type": "array"}, [{"age": 1}], []),
        (Book, "text", []),
    ],
)
def test_each_undeclared_member_is_found(schema: Any, value: Any, found: list[str]) -> None:
    said = [f"the member {member} is not declared" for member in found]
    assert [each for each in Content(Body(schema)).violations(value) if "declared" in each] == said


def test_members_for_requests_alone_are_not_required_in_a_response() -> None:
    content = Content(Body(Note(many=True)))
    assert list(content.violations([{"id": 1, "text": "x"}])) == []
    assert list(content.violations([{"id": 1, "text": "x", "secret": "x"}])) == [
        "the member 0.secret is not declared"
    ]


NARROWED = Body(Author, keywords={"properties": {"name": {"const": "Ada"}}})
OWN = {"Word": {"type": "string", "maxLength": 3}}


@pytest.mark.parametrize(
    ("body", "value", "said"),
    [
        (
            Body(Note),
            {"id": "1"},
            ['content is wrong: "text" is', 'member id is wrong: "1" is'],
        ),
        (NARROWED, {"name": "Bob"}, ['member name is wrong: "Ada" was expected']),
        (NARROWED, {"name": "Ada", "age": 1}, ["member age is not declared"]),
        (
            Body({"format": "date"}),
            "2026-02-30",
            ['content is wrong: "2026-02-30" is not a "date"'],
        ),
        (
            Body({"$ref": "#/components/schemas/Word"}),
            "long",
            ['content is wrong: "long" is longer'],
        ),
        (Body({"oneOf": [AUTHOR, {"type": "null"}]}), {"name": 1}, []),
        (Body({"properties": {"properties": {"type": "array", "minItems": 1}, "a": True}}), {}, []),
        (
            Body({"additionalProperties": False}),
            {"age": 1},
            ["content is wrong: False schema does not allow 1"],
        ),
        (Body({"type": "object"}), None, ["content is wrong: null is not of type"]),
    ],
)
def test_each_wrong_value_is_named_by_its_place(body: Body, value: Any, said: list[str]) -> None:
    found = list(Content(body, OWN).violations(value))
    assert len(found) == len(said)
    for violation, beginning in zip(found, said, strict=True):
        assert violation.startswith(f"the {beginning}")
