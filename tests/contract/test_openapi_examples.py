"""The document's examples and links work on the running service."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from werkzeug.test import TestResponse

from api.contract.proof.document import Document
from tests.actor import Someone
from tests.operations import DOCUMENT, OPERATIONS, documented

FORMS: list[tuple[str, str, str, dict[str, Any]]] = [
    (method, path, media_type, body)
    for method, path, operation_object in documented()
    for media_type, body in operation_object.get("requestBody", {"content": {}})["content"].items()
]
BODIES = {
    f"{operation_object['operationId']} {status} {media_type}": body
    for _, _, operation_object in documented()
    for status, answer in operation_object["responses"].items()
    for media_type, body in answer.get("content", {}).items()
}
LINKS: list[tuple[str, str, str, dict[str, Any]]] = [
    (method, path, status, link)
    for method, path, operation_object in documented()
    for status, answer in operation_object["responses"].items()
    for link in answer.get("links", {}).values()
]
FIELDS = {
    f"{schema_name}.{name}": field
    for schema_name, schema in DOCUMENT["components"]["schemas"].items()
    for name, field in Document(DOCUMENT).resolve(schema.get("properties", {})).items()
}
EACH_FORM = pytest.mark.parametrize(
    ("method", "path", "media_type", "body"), FORMS, ids=[" ".join(form[:3]) for form in FORMS]
)


def schemas_with_examples(node: Any) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Yield each schema in the document, with the examples in it or next to it."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list):
            yield node, node["examples"]
        if "example" in node:
            yield node["schema"], [node["example"]]
        if "schema" in node and isinstance(node.get("examples"), dict):
            yield node["schema"], [one["value"] for one in node["examples"].values()]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from schemas_with_examples(child)


def example_of(form: dict[str, Any]) -> dict[str, Any]:
    """Return the form's example, or the examples of its fields, as documentation shows them."""
    schema = Document(DOCUMENT).resolve(form["schema"])
    made = {name: field["examples"][0] for name, field in schema["properties"].items()}
    example: dict[str, Any] = form.get("example", made)
    return example


def test_every_example_is_valid() -> None:
    found = list(schemas_with_examples(DOCUMENT))
    assert len(found) > len(BODIES)
    for schema, examples in found:
        whole = {"components": DOCUMENT["components"], "allOf": [schema]}
        validator = Draft202012Validator(whole, validate_formats=True)
        for example in examples:
            validator.validate(example)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_every_body_of_an_answer_has_an_example(body: dict[str, Any]) -> None:
    """One that may be of several types of problem has an example of each."""
    kinds = re.findall("/problems#([a-z-]+)", str(body["schema"]))
    named = body.get("examples", {})
    assert body.get("example") or named
    assert len(kinds) < 2 or set(kinds) <= named.keys()


@EACH_FORM
def test_every_form_has_an_example(
    method: str, path: str, media_type: str, body: dict[str, Any]
) -> None:
    assert body.get("example")


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_every_field_is_described_and_has_an_example(field: dict[str, Any]) -> None:
    assert field.get("description") and field.get("examples")


@EACH_FORM
def test_every_example_of_a_form_is_accepted_as_it_stands(
    someone: Someone, method: str, path: str, media_type: str, body: dict[str, Any]
) -> None:
    (operation,) = (each for each in OPERATIONS if (each.method, each.path) == (method, path))
    at = operation.address(someone.gives_details().headers["Location"])
    answered = someone.asks(method, at, data=example_of(body), content_type=media_type)
    assert answered.status_code == operation.status, answered.text


def test_the_examples_of_the_forms_go_together(someone: Someone) -> None:
    examples = {path: example_of(body) for _, path, _, body in FORMS}
    sign_up, details = examples["/userSignUp"], examples["/userDetails"]
    assert someone.signs_up(**sign_up).status_code == 200
    sam = someone.signs_in(**sign_up)
    assert sam.asks("POST", "/userDetails", data=details).status_code == 201
    assert details.items() <= sam.reads_own().get_json().items()


@pytest.mark.parametrize(
    ("method", "path", "status", "link"), LINKS, ids=[link["operationId"] for *_, link in LINKS]
)
def test_every_link_of_an_answer_leads_on(
    someone: Someone, method: str, path: str, status: str, link: dict[str, Any]
) -> None:
    """Checklist 17."""
    form = next(example_of(body) for _, at, _, body in FORMS if at == path)
    answered = someone.asks(method, path, data=form, headers={"Accept": "application/json"})
    assert str(answered.status_code) == status
    (there,) = (each for each in OPERATIONS if each.id == link["operationId"])
    told = {name: evaluate(e, answered) for name, e in link["parameters"].items()}
    followed = there.ask(someone, there.path.format(**told))
    assert followed.status_code == there.status


def test_the_links_of_a_created_record_lead_to_each_operation_on_it() -> None:
    followed = [(path, status, link["operationId"]) for _, path, status, link in LINKS]
    by_link = [each.id for each in OPERATIONS if each.by_link]
    assert sorted(followed) == sorted(("/userDetails", "201", name) for name in by_link)


def evaluate(expression: str, answered: TestResponse) -> str:
    """Evaluate an OpenAPI runtime expression of the two kinds that refer to the response."""
    kind, _, pointer = expression.removeprefix("$response.").partition("#/")
    if kind == "body":
        found = answered.get_json()
        for name in pointer.split("/"):
            found = found[name]
        return str(found)
    return answered.headers[kind.removeprefix("header.")]
