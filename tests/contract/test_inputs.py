"""Input in any encoding is validated by its schema, and each error is named by its path."""

from typing import Any

import pytest
from flask import Flask, Response
from marshmallow import INCLUDE, Schema, fields, validate
from werkzeug.exceptions import Unauthorized
from werkzeug.test import TestResponse

from api.contract import Credentials, Gate, InvalidInput, message, operation
from api.contract.encodings import json_text
from api.contract.inputs import valid, valid_texts


class Inner(Schema):
    size = fields.Integer(strict=True, validate=validate.Range(1))


class Order(Schema):
    """An order, with members of most kinds."""

    sizes = fields.List(fields.Integer(strict=True))
    inner = fields.List(fields.Nested(Inner))
    from_ = fields.String(data_key="from")
    wanted = fields.Boolean()
    price = fields.Float()


def wrong(given: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(InvalidInput) as refused:
        valid(Order(), given)
    return dict(refused.value.errors)


def test_an_error_within_a_field_has_its_path() -> None:
    given = {"sizes": [1, "x"], "inner": [{"size": 1}, {"size": 0, "colour": 1}], "other": 1}
    assert list(wrong(given)) == ["sizes.1", "inner.1.size", "inner.1.colour", "other"]


def test_a_name_may_come_several_times_where_its_field_is_a_list() -> None:
    pairs = [("sizes", "1"), ("sizes", "2"), ("from", "a"), ("wanted", "true"), ("price", "1.5")]
    assert valid_texts(Order(), pairs) == {
        "sizes": [1, 2],
        "from_": "a",
        "wanted": True,
        "price": 1.5,
    }
    with pytest.raises(InvalidInput) as refused:
        valid_texts(Order(), [*pairs, ("from", "a"), ("sizes", "x")])
    assert set(refused.value.errors) == {"sizes.2", "from"}


def test_unknown_fields_are_handled_by_the_schema() -> None:
    with pytest.raises(InvalidInput) as refused:
        valid_texts(Order(), [("other", "1"), ("other", "2")])
    assert set(refused.value.errors) == {"other"}
    assert valid_texts(Order(unknown=INCLUDE), [("other", "1")]) == {"other": "1"}


def test_a_number_is_never_altered() -> None:
    for text, number in {
        "9007199254740993": 9007199254740993,
        "-9007199254740993": -9007199254740993,
        "1e2": 100,
        "1.0": 1,
        "-0.5": -0.5,
        "0": 0,
        "1E-2": 0.01,
    }.items():
        found = json_text(text)
        assert found == number and type(found) is type(number), text


def _shown(query: str = "", place: str = "header", **headers: str) -> TestResponse:
    def check() -> str:
        raise Unauthorized

    app = Flask("small")
    Gate(app)
    app.register_error_handler(Unauthorized, lambda _: Response("No", 401, mimetype="text/plain"))
    scheme = {"type": "apiKey", "in": place, "name": "X-Key"}
    replies = {200: message("Yes", "It is."), 401: message("No", "It isn't.")}
    some = Credentials("key", scheme, check, optional=True)
    app.get("/it")(operation(replies, credentials=some)(lambda account: account or "Yes"))
    return app.test_client(use_cookies=False).get(f"/it{query}", headers=headers)


def test_optional_credentials_are_those_of_their_scheme() -> None:
    assert _shown(Authorization="Basic eA==").status_code == 200
    assert _shown(**{"X-Key": ""}).status_code == 401
    assert _shown("?x-key=1", "query").status_code == 200
    assert _shown("?X-Key=1", "query").status_code == 401
    assert _shown(place="cookie", **{"X-Key": "1", "Cookie": "x-key=1"}).status_code == 200
    assert _shown(place="cookie", Cookie="X-Key=1").status_code == 401
