"""The document of one operation: its text, its headers and its examples."""

from typing import Any

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields

from api.contract import Body, Gate, Header, Link, Reply, document, operation, to_yaml

DONE = Reply(description="It is done.")


class Order(Schema):
    """An order."""

    sort = fields.String(data_key="kind", metadata={"examples": ["round", "square"]})
    size = fields.Integer(metadata={"examples": [1]})


def printed(doc: str | None = None, reply: Reply = DONE, **promise: Any) -> dict[str, Any]:
    """Return the document of an app with one operation."""

    def do_it_all() -> ResponseReturnValue:
        return ""

    do_it_all.__doc__ = doc
    app = Flask("small", static_folder=None)
    Gate(app)
    app.post("/it")(operation({200: reply}, **promise)(do_it_all))
    return document(app)


def printed_operation(**promise: Any) -> dict[str, Any]:
    operation_object: dict[str, Any] = printed(**promise)["paths"]["/it"]["post"]
    return operation_object


@pytest.mark.parametrize(
    ("doc", "summary", "description"),
    [
        (None, "", ""),
        ("Paint it.", "Paint it", ""),
        ("Paint an X.\n\n    With a brush.\n\n    Twice.", "Paint an X", "With a brush.\n\nTwice."),
    ],
)
def test_an_operation_is_described_by_its_views_docstring(
    doc: str | None, summary: str, description: str
) -> None:
    found = printed_operation(doc=doc)
    assert (found["summary"], found["description"]) == (summary, description)
    assert found["operationId"] == "doItAll" and found["security"] == []


def test_what_a_reply_does_not_have_is_left_out() -> None:
    assert printed_operation()["responses"] == {"200": {"description": "It is done."}}
    assert "requestBody" not in printed_operation() and "parameters" not in printed_operation()


def test_a_header_is_printed_once_and_without_the_words_that_it_does_not_have() -> None:
    headers = {"X-Size": Header({"type": "integer"}), "X-Shape": Header({}, "Its form.")}
    whole = printed(reply=DONE.with_headers(headers))
    assert whole["components"]["headers"] == {
        "X-Size": {"required": True, "schema": {"type": "integer"}},
        "X-Shape": {"description": "Its form.", "required": True, "schema": {}},
    }
    (reply,) = whole["paths"]["/it"]["post"]["responses"].values()
    assert list(reply["headers"].items()) == [
        ("X-Shape", {"$ref": "#/components/headers/X-Shape"}),
        ("X-Size", {"$ref": "#/components/headers/X-Size"}),
    ]


def test_a_header_that_means_another_thing_elsewhere_is_printed_there() -> None:
    app = Flask("small", static_folder=None)
    Gate(app)
    for place, shape in ("/a", "round"), ("/b", "square"):
        replies = {200: DONE.with_headers({"X-Shape": shape})}
        app.get(place, endpoint=shape)(operation(replies, operation_id=shape)(lambda: ""))
    whole = document(app)
    square = {"required": True, "schema": {"type": "string", "const": "square"}}
    shown = [
        item["get"]["responses"]["200"]["headers"]["X-Shape"] for item in whole["paths"].values()
    ]
    assert shown == [{"$ref": "#/components/headers/X-Shape"}, square]
    assert whole["components"]["headers"]["X-Shape"]["schema"]["const"] == "round"


@pytest.mark.parametrize(
    ("body", "example"),
    [
        (Body({"type": "object"}), {}),
        (Body({}, 0), {"example": 0}),
        (Body(Order), {"example": {"kind": "round", "size": 1}}),
        (Body(Order(), {"kind": "flat"}), {"example": {"kind": "flat"}}),
        (Body(Order, lambda status: {"size": status}), {"example": {"size": 200}}),
    ],
)
def test_a_body_has_an_example_where_one_is_known(body: Body, example: dict[str, Any]) -> None:
    content = printed_operation(reply=Reply(description="It is.", content={"text/csv": body}))
    shown = content["responses"]["200"]["content"]["text/csv"]
    assert shown == {"schema": shown["schema"], **example}


def test_representations_stand_in_the_declared_order_and_each_form_has_an_example() -> None:
    content = {kind: Body({}) for kind in ("text/html", "application/json", "text/csv")}
    found = printed_operation(reply=Reply(description="It is.", content=content), form=Order)
    assert list(found["responses"]["200"]["content"]) == [
        *("text/html", "application/json", "text/csv")
    ]
    schema, example = {"$ref": "#/components/schemas/Order"}, {"kind": "round", "size": 1}
    taken = {"schema": schema, "example": example}
    kinds = ["application/x-www-form-urlencoded", "multipart/form-data"]
    assert found["requestBody"] == {"required": True, "content": dict.fromkeys(kinds, taken)}


def test_keywords_in_an_all_of_beside_the_reference_narrow_a_schema() -> None:
    keywords = {"properties": {"kind": {"const": "round"}}}
    reply = Reply(description="It is.", content={"a/a": Body(Order, {}, keywords=keywords)})
    content = printed_operation(reply=reply)["responses"]["200"]["content"]
    reference = {"$ref": "#/components/schemas/Order"}
    assert content["a/a"]["schema"] == reference | {"allOf": [keywords]}


def test_a_header_field_of_the_request_is_printed_by_its_own_name() -> None:
    (kind, size) = printed_operation(headers=Order)["parameters"]
    assert (kind["in"], kind["name"], kind["required"]) == ("header", "kind", False)
    assert size == {
        "in": "header",
        "name": "size",
        "required": False,
        "schema": {"type": "integer", "examples": [1]},
    }


def test_a_link_is_printed_with_what_to_call_it_with() -> None:
    found = printed_operation(
        reply=Reply(description="It is.", links={"read": Link("get", {"id": "$x"}, "So.")})
    )
    link = {"operationId": "get", "parameters": {"id": "$x"}, "description": "So."}
    assert found["responses"]["200"]["links"] == {"read": link}


def test_a_document_is_written_without_escapes() -> None:
    shared = ["\u00e9"]
    assert to_yaml({"b": shared, "a": shared, "c": "1\n2\n"}) == (
        "b:\n- \u00e9\na:\n- \u00e9\nc: |\n  1\n  2\n"
    )


def test_a_response_is_open_and_a_request_is_closed() -> None:
    class Invoice(Schema):
        order = fields.Nested(Order, metadata={"examples": [{}]})

    class Receipt(Schema):
        invoices = fields.List(fields.Nested(Invoice), metadata={"examples": [[]]})

    def schemas(body: Any, **promise: Any) -> dict[str, Any]:
        reply = Reply(description="Done.", content={"application/json": Body(body)})
        found: dict[str, Any] = printed(reply=reply, **promise)["components"]["schemas"]
        return {name: schema.get("additionalProperties", True) for name, schema in found.items()}

    assert schemas(Receipt) == {"Receipt": True, "Invoice": True, "Order": True}
    # A schema that a request uses too stays closed, because requests are closed.
    assert schemas(Receipt, json=Order) == {"Receipt": True, "Invoice": True, "Order": False}
    assert schemas(Order, json=Invoice) == {"Invoice": False, "Order": False}
    in_place = {"type": "object", "additionalProperties": False}
    reply = Reply(description="Done.", content={"application/json": Body(in_place)})
    content = printed_operation(reply=reply)["responses"]["200"]["content"]
    assert content == {"application/json": {"schema": {"type": "object"}}}
