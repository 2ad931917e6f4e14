"""The shelf's schemas: new books, queries, and response bodies."""

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

CAPACITY, PAGE = 100, 20
"""The maximum number of books on the shelf, and in a response."""

MOST_FIELDS = 5
"""The maximum number of invalid fields that an error names."""

KINDS, ORDERS = ["essay", "novel", "poem"], ["newest", "pages"]
REFUSALS = {
    400: "invalid",
    401: "key",
    404: "missing",
    406: "accept",
    409: "taken",
    413: "large",
    415: "type",
}


class Pattern(validate.Regexp):
    """The whole text matches, as in JSON Schema; Python's `$` would also match before a newline."""

    def __call__(self, value: Any) -> Any:
        if self.regex.fullmatch(value) is None:
            raise ValidationError("Fit the pattern.")
        return value


class Flag(fields.Boolean):
    """A boolean that accepts only true and false."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def _said(description: str, example: Any) -> dict[str, Any]:
    return {"description": description, "examples": [example]}


def _number(least: int, most: int, metadata: dict[str, Any], **options: Any) -> fields.Integer:
    bounds = validate.Range(least, most)
    return fields.Integer(strict=True, validate=bounds, metadata=metadata, **options)


def _year(**options: Any) -> fields.Integer:
    said = _said("The year it was printed, if that is known.", 1954)
    return _number(1450, 2100, said, allow_none=True, **options)


def _read(**options: Any) -> Flag:
    return Flag(metadata=_said("Whether it was read.", True), **options)


class NewBook(Schema):
    """A new book."""

    isbn = fields.String(
        required=True,
        validate=Pattern("^[0-9]{13}$"),
        metadata=_said("Its number, without hyphens.", "9780261103573"),
    )
    title = fields.String(
        required=True, validate=validate.Length(1, 60), metadata=_said("Its title.", "The Towers")
    )
    pages = _number(1, 5000, _said("How many pages it has.", 352), required=True)
    kind = fields.String(
        required=True, validate=validate.OneOf(KINDS), metadata=_said("What it is.", "novel")
    )
    tags = fields.List(
        fields.String(validate=[validate.Length(1, 12), Pattern("^[a-z]*$")]),
        required=True,
        validate=validate.Length(1, 3),
        metadata=_said("What it is found by.", ["fantasy"]),
    )
    year = _year()
    read = _read()


class Book(NewBook):
    """A book on the shelf."""

    id = _number(1, CAPACITY, _said("Its place.", 1), required=True)
    year = _year(required=True)
    read = _read(required=True)


class Place(Schema):
    """The path parameter of a book."""

    id = _number(1, CAPACITY, _said("The book's place.", 1), required=True)


class Listing(Schema):
    """The query of a list: a filter, an order and a limit."""

    class Meta:
        unknown = EXCLUDE

    limit = _number(1, PAGE, _said("How many at most.", 5), load_default=10)
    order = fields.String(
        load_default="newest",
        validate=validate.OneOf(ORDERS),
        metadata=_said("The newest first, or the shortest.", "pages"),
    )
    read = _read()


class Newest(Schema):
    """The query for the newest book: its kind."""

    class Meta:
        unknown = EXCLUDE

    kind = fields.String(
        required=True, validate=validate.OneOf(KINDS), metadata=_said("Of this kind.", "novel")
    )


class BookList(Schema):
    """A list of books, and their total number."""

    books = fields.List(
        fields.Nested(Book),
        required=True,
        validate=validate.Length(max=PAGE),
        metadata=_said("The books.", []),
    )
    total = _number(0, CAPACITY, _said("How many fit the question.", 0), required=True)


class Refusal(Schema):
    """The shelf's own error body."""

    error = fields.String(
        required=True,
        validate=validate.OneOf(list(REFUSALS.values())),
        metadata=_said("What is wrong.", "invalid"),
    )
    fields_ = fields.List(
        fields.String(),
        data_key="fields",
        validate=validate.Length(1, MOST_FIELDS),
        metadata=_said("Which fields are wrong: the first of them.", ["pages"]),
    )
