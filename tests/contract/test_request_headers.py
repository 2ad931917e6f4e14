"""Header fields of a request are validated like a query, and covered by the proof."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema, fields, validate
from werkzeug.datastructures import Headers

from api.contract import JSON, Body, Gate, InvalidInput, Reply, operation
from api.contract.proof.coverage import Coverage
from api.contract.proof.document import Document
from api.contract.proof.exchanges import Exchange
from tests.contract.small_document import DOCUMENT, FORM, make_exchange, note_left

DONE = {200: Reply(description="It is done.", content={JSON: Body({})})}


class Wish(Schema):
    """A schema of an optional header field."""

    depth = fields.Integer(data_key="X-Depth", strict=True, validate=validate.Range(0, 9))


class Default(Wish):
    """The same, with a default."""

    shape = fields.String(data_key="X-Shape", load_default="round")


class Needed(Wish):
    """The same, required."""

    shape = fields.String(data_key="X-Shape", required=True)


def parse_headers(schema: type[Schema], *headers: tuple[str, str]) -> Any:
    """Return the validated header fields that the view gets, or the errors."""
    app = Flask("small")
    app.testing = True
    Gate(app)
    app.get("/it")(operation(DONE, headers=schema)(lambda headers: headers))
    app.register_error_handler(InvalidInput, lambda wrong: app.json.response(wrong.errors))
    return app.test_client().get("/it", headers=list(headers)).get_json()


def test_a_view_gets_the_header_fields_that_it_asks_for() -> None:
    assert parse_headers(Wish, ("x-depth", "3"), ("X-Shape", "flat")) == {"depth": 3}
    assert parse_headers(Wish) == {}
    assert parse_headers(Default) == {"shape": "round"}
    assert parse_headers(Default, ("X-Shape", "flat")) == {"shape": "flat"}


def test_an_error_has_the_name_of_the_header_field() -> None:
    for value in "x", "10", "":
        assert set(parse_headers(Wish, ("X-Depth", value))) == {"X-Depth"}
    assert set(parse_headers(Wish, ("X-Depth", "1"), ("X-Depth", "1"))) == {
        "X-Depth"
    }  # The value is "1, 1".
    assert set(parse_headers(Needed)) == {"X-Shape"}


KEY = {
    "type": "string",
    "minLength": 3,
    "maxLength": 4,
    "pattern": '^"[ab]*"$',
    "examples": ['"a"'],
}


@pytest.fixture
def document() -> Document:
    """The small document, with an optional key for new notes."""
    said = deepcopy(DOCUMENT)
    post = said["paths"]["/notes"]["post"]
    post["parameters"] = [{"in": "header", "name": "Idempotency-Key", "schema": KEY}]
    return Document(said)


def with_key(exchange: Exchange, key: str) -> Exchange:
    return replace(exchange, sent=Headers([*exchange.sent, ("idempotency-key", key)]))


NO, WRONG = (
    make_exchange("POST", "/notes", 400, sent=t, content_type=FORM) for t in ("text=ab", "text=a")
)


@pytest.mark.parametrize(
    ("exchange", "what"),
    [
        (note_left("text=ab", 1), {"absent"}),
        (with_key(note_left("text=ab", 1), '"a"'), {"shortest"}),
        (with_key(note_left("text=ab", 1), '"aa"'), {"longest"}),
        (with_key(NO, ""), {"empty"}),
        (with_key(NO, '""'), {"one shorter"}),
        (with_key(NO, '"aaa"'), {"one longer"}),
        (with_key(NO, '"c"'), {"'c'-U+10FFFF refused"}),
        # The reason of the refusal is ambiguous.
        (with_key(WRONG, '""'), set()),
        (with_key(WRONG, ""), set()),
    ],
)
def test_the_boundaries_of_a_header_field_are_seen(
    document: Document, exchange: Exchange, what: set[str]
) -> None:
    coverage = Coverage(document)
    coverage.add(exchange)
    promised = {p.what for p in coverage.promises if p.where == "header Idempotency-Key"}
    assert "repeated" not in promised and what <= promised
    seen = {p.what for p in coverage.seen if p.where == "header Idempotency-Key"}
    assert (seen & promised) - {"'a'-'b' allowed"} == what


def test_a_forms_boundaries_are_not_seen_beside_a_wrong_key(document: Document) -> None:
    for key, number in ('"a"', 1), ('"', 0):
        coverage = Coverage(document)
        coverage.add(with_key(WRONG, key))
        assert len({p for p in coverage.seen if p.where.startswith(FORM)}) == number
