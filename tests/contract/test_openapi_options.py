"""Options of an operation and members of the app, which the document has unchanged."""

from openapi_spec_validator import validate

from api.contract import JSON, Body, Reply, document, operation
from tests.contract.adopted import DONE, Note, small

EVENT = {"post": {"responses": {"200": {"description": "Taken."}}}}


def test_an_operation_has_tags_a_name_and_more_members() -> None:
    app = small()
    view = operation(
        DONE,
        operation_id="readIt",
        tags=["A", "B"],
        deprecated=True,
        members={"callbacks": {"done": {"{$request.query.url}": EVENT}}, "x-own": 1},
    )
    app.get("/it")(view(dict))
    printed = document(app)
    validate(printed)
    found = printed["paths"]["/it"]["get"]
    assert (found["operationId"], found["tags"], found["deprecated"]) == (
        "readIt",
        ["A", "B"],
        True,
    )
    assert found["callbacks"] == {"done": {"{$request.query.url}": EVENT}} and found["x-own"] == 1


def test_webhooks_and_components_of_the_app_stand_beside_those_of_its_operations() -> None:
    own = {"type": "object", "properties": {"id": {"type": "integer"}}}
    hook = {"post": {"responses": {"200": {"description": "Taken."}}}}
    app = small(about={"webhooks": {"made": hook}, "components": {"schemas": {"Own": own}}})
    content = {
        JSON: Body({"$ref": "#/components/schemas/Own"}),
        "application/vnd.note+json": Body(Note),
    }
    app.get("/it")(operation({200: Reply(description="It.", content=content)})(lambda: {"id": 1}))
    printed = document(app)
    validate(printed)
    assert printed["webhooks"] == {"made": hook}
    assert list(printed["components"]["schemas"]) == ["Note", "Own"]
    assert app.test_client().get("/it").json == {"id": 1}
