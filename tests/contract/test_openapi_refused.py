"""What OpenAPI can't say is an error that says what to do, and never a wrong document."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from marshmallow import EXCLUDE, Schema, fields

from api.contract import Body, Credentials, Reply, document, operation
from tests.contract.adopted import DONE, Key, small


def view(**options: Any) -> Callable[..., Any]:
    def done(**_: Any) -> dict[str, Any]:
        return {}

    return operation(DONE, **options)(done)


def refusal(app: Flask) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  (its whole text is compared)
        document(app)
    return str(refused.value)


def test_two_operations_have_one_id() -> None:
    app = small()
    app.add_url_rule("/a", "a", view())
    app.add_url_rule("/b", "b", view())
    assert refusal(app) == (
        "GET /b and GET /a have the operationId done: give one of them "
        "operation_id={'GET /b': '...'}."
    )


def test_a_view_of_two_rules_needs_two_ids() -> None:
    app, both = small(), view(path=Key)
    app.add_url_rule("/notes", "a", both, defaults={"id": 1})
    app.add_url_rule("/notes/<int:id>", "b", both)
    assert "operation_id={'GET /notes/{id}': '...'}" in refusal(app)


@pytest.mark.parametrize(
    ("other", "method", "said"),
    [
        (
            "/<string:id>",
            "GET",
            "/<string:id> (b) and /<int:id> (a) are both GET /{id}: leave one out by",
        ),
        ("/<name>", "GET", "/<name> (b) and /<int:id> (a) are both GET /{name}: leave one out by"),
        ("/<name>", "PUT", "/{name} and /{id} are one path: name their parameters alike."),
    ],
)
def test_two_paths_differ_only_in_their_parameters(other: str, method: str, said: str) -> None:
    class Name(Schema):
        name = fields.String(required=True, metadata={"examples": ["a"]})

    app = small()
    app.add_url_rule("/<int:id>", "a", view(path=Key))
    schema = Name if "name" in other else Key
    app.add_url_rule(other, "b", view(path=schema, operation_id="other"), methods=[method])
    assert refusal(app).startswith(said)


def test_two_things_have_one_name() -> None:
    class Words(Schema):
        one = fields.String(metadata={"examples": ["a"], "component": "Word"})
        other = fields.Integer(metadata={"examples": [1], "component": "Word"})

    app = small()
    app.add_url_rule("/", "a", view(json=Words), methods=["POST"])
    assert refusal(app).startswith("Two schemas have metadata component='Word'")
    app = small()
    for place in "header", "query":
        key = Credentials("key", {"type": "apiKey", "in": place, "name": "X-Key"})
        app.add_url_rule(f"/{place}", place, view(credentials=key, operation_id=place))
    assert refusal(app) == "Two security schemes have the name key: rename one."


def test_a_schema_within_itself_needs_an_example() -> None:
    class Tree(Schema):
        branches = fields.Nested(lambda: Tree(), many=True)  # noqa: PLW0108  (no class yet)

    app = small()
    reply = Reply(description="It.", content={"application/json": Body(Tree)})
    app.add_url_rule("/", "a", operation({200: reply})(dict))
    assert refusal(app) == "Tree.branches needs metadata={'examples': [...]}."


def test_one_schema_can_not_be_open_and_closed() -> None:
    app = small()
    app.add_url_rule("/", "a", view(json=Key(unknown=EXCLUDE)), methods=["POST"])
    assert refusal(app) == "Key: give unknown in class Meta of a schema."


def test_the_app_gives_no_paths() -> None:
    assert refusal(small(about={"paths": {}})).startswith("Leave paths out of about")
