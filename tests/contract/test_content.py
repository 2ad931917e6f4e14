"""Undeclared members are found at any depth."""

from typing import Any

import pytest
from marshmallow import Schema, fields

from api.contract import Body
from api.contract.content import Content


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
        ({"additionalProperties": False}, {"age": 1}, ["age"]),
        ({"items": AUTHOR}, [{"name": "Ada"}, {"age": 1}], ["1.age"]),
        ({"type": "array"}, [{"age": 1}], []),
        (Book, "text", []),
    ],
)
def test_each_undeclared_member_is_found(schema: Any, value: Any, found: list[str]) -> None:
    said = [f"the member {member} is not declared" for member in found]
    assert [each for each in Content(Body(schema)).violations(value) if "declared" in each] == said
