"""The document of any app: optional parts are omitted, and missing required parts are reported."""

import re
from typing import Any

import pytest
from flask import Blueprint, Flask
from marshmallow import Schema, fields
from openapi_spec_validator import validate

from api.contract import Gate, Reply, document, message, operation

DONE = {200: message("Done", "It is done.")}
EXAMPLES = {"examples": [1]}


class Key(Schema):
    """A path parameter."""

    key = fields.Integer(required=True, metadata=EXAMPLES)


def done(**_: Any) -> str:
    """Do it."""
    return "Done"


def make(rule: str, *methods: str, **promise: Any) -> Flask:
    app = Flask("small", static_folder=None)
    Gate(app)
    app.add_url_rule(rule, "do", operation(DONE, **promise)(done), methods=methods or ["GET"])
    return app


def test_an_app_that_says_nothing_of_itself_has_a_valid_document() -> None:
    printed = document(make("/it"))
    validate(printed)
    assert printed["info"] == {"title": "small", "version": "0"}
    assert list(printed) == ["openapi", "info", "paths"]
    assert "tags" not in printed["paths"]["/it"]["get"]


def test_each_method_of_a_rule_is_printed() -> None:
    app = make("/it", "PUT", "PATCH")
    app.delete("/it")(operation(DONE)(lambda: "Done"))
    printed = document(app)["paths"]["/it"]
    assert {method: said["operationId"] for method, said in printed.items()} == {
        "patch": "patchDone",
        "put": "putDone",
        "delete": "<lambda>",
    }


def test_operations_and_tags_stand_in_the_order_in_which_the_app_registered_them() -> None:
    app = Flask("small", static_folder=None)
    Gate(app)
    for name in "zoo", "ant":
        blueprint = Blueprint(name, __name__, url_prefix=f"/{name}")
        for path in "b", "a":
            view = operation(DONE, operation_id=name + path)(done)
            blueprint.get(f"/{path}", endpoint=path)(view)
        app.register_blueprint(blueprint)
    printed = document(app)
    assert list(printed["paths"]) == ["/zoo/b", "/zoo/a", "/ant/b", "/ant/a"]
    assert [tag["name"] for tag in printed["tags"]] == ["Zoo", "Ant"]


def test_operations_are_tagged_by_their_blueprint() -> None:
    blueprint = Blueprint("odd_jobs", __name__)
    blueprint.get("/it")(operation(DONE)(done))
    app = Flask("small", static_folder=None)
    Gate(app)
    app.register_blueprint(blueprint)
    printed = document(app)
    assert printed["tags"] == [{"name": "Odd jobs", "description": __doc__}]
    assert printed["paths"]["/it"]["get"]["tags"] == ["Odd jobs"]


def test_a_module_that_says_nothing_of_itself_has_a_tag_all_the_same() -> None:
    view = operation(DONE)(done)
    view.__module__ = "tests"
    blueprint = Blueprint("odd_jobs", __name__)
    blueprint.get("/it")(view)
    app = Flask("small", static_folder=None)
    Gate(app)
    app.register_blueprint(blueprint)
    assert document(app)["tags"] == [{"name": "Odd jobs", "description": ""}]


def test_tags_of_the_app_follow_those_of_its_operations_and_the_last_has_the_table() -> None:
    blueprint = Blueprint("odd_jobs", __name__)
    blueprint.get("/it")(operation(DONE)(done))
    app = Flask("small", static_folder=None)
    about = {"tags": [{"name": "A"}, {"name": "B", "description": "The rest."}]}
    Gate(app, about=about, unrouted_replies={404: Reply(description="There is nothing.")})
    app.register_blueprint(blueprint)
    for _ in range(2):  # The first call doesn't change the app's tags.
        printed = document(app)
        assert [tag["name"] for tag in printed["tags"]] == ["Odd jobs", "A", "B"]
        head, table = printed["tags"][-1]["description"].split("\n\n")
        assert (head, table.splitlines()[-1]) == ("The rest.", "| 404 | There is nothing. |  |")
        assert "description" not in printed["info"]


def test_a_path_must_be_described() -> None:
    (key,) = document(make("/it/<int:key>", path=Key))["paths"]["/it/{key}"]["get"]["parameters"]
    assert (key["in"], key["name"], key["required"]) == ("path", "key", True)
    for rule, promise in ("/it/<int:key>", {}), ("/it", {"path": Key}):
        with pytest.raises(ValueError, match=r"/it.*path"):
            document(make(rule, **promise))


def test_a_field_without_an_example_is_named() -> None:
    class Silent(Schema):
        text = fields.String()

    said = re.escape("Silent.text needs metadata={'examples': [...]}.")
    with pytest.raises(ValueError, match=f"^{said}$"):
        document(make("/it", "POST", json=Silent))


def test_a_field_with_a_name_is_printed_once_as_a_component() -> None:
    class Word(Schema):
        text = fields.String(metadata={"examples": ["a"], "component": "Text"})
        other = fields.String(metadata={"examples": ["a"], "component": "Text"})

    schemas = document(make("/it", "POST", form=Word))["components"]["schemas"]
    assert schemas["Text"] == {"type": "string", "examples": ["a"]}
    reference = {"$ref": "#/components/schemas/Text"}
    assert schemas["Word"]["properties"] == {"text": reference, "other": reference}


def test_a_body_is_of_one_kind() -> None:
    with pytest.raises(ValueError, match="not several"):
        make("/it", "POST", json=Key, form=Key)
