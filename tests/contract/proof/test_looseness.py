"""Parts of a document that say little are listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.contract.proof.configuration import Configuration
from api.contract.proof.looseness import looseness
from api.contract.proof.proof import Proof
from tests.contract.small_document import DOCUMENT, make_exchange


def loose(schema: Any) -> list[str]:
    content = {"application/json": {"schema": schema}}
    operation = {"responses": {"200": {"description": "Here.", "content": content}}}
    return [what for _, what in looseness({"paths": {"/a": {"get": operation}}})]


@pytest.mark.parametrize(
    ("schema", "what"),
    [
        ({}, "content without a schema"),
        ({"type": "array", "items": {"type": "integer"}}, "an array without maxItems"),
        ({"type": "object"}, "an object of any members"),
        ({"properties": {"a": {"title": "A"}}, "required": ["a"]}, "any value"),
        ({"properties": {"a": {"const": 1}}}, "an object of which no member is required"),
        ({"type": "string"}, "a string without maxLength, pattern, enum or format"),
        (
            {"type": "string", "maxLength": 30, "examples": ["2026-01-01T00:00:00Z"]},
            "no format, though the example is a date-time",
        ),
    ],
)
def test_a_schema_that_allows_more_than_it_need_is_loose(schema: Any, what: str) -> None:
    assert loose(schema) == [what]


def test_a_schema_with_bounds_is_not_loose() -> None:
    assert loose({"type": "string", "format": "uuid"}) == []
    assert loose({"type": "array", "maxItems": 2, "items": {"const": 1}}) == []
    assert looseness(DOCUMENT) == []


@pytest.mark.parametrize(
    ("security", "others", "is_loose"),
    [
        ([{"key": []}], [], True),
        ([{"key": []}], ["403"], False),
        ([{"key": []}], ["401"], False),
        ([{"key": []}], ["4XX"], False),
        ([{"key": []}], ["default"], False),
        ([{"key": []}, {}], [], False),
        ([], [], False),
        (None, [], True),  # The document's own security counts.
    ],
)
def test_security_without_a_refusal_is_loose(
    security: Any, others: list[str], is_loose: bool
) -> None:
    responses = {status: {"description": "Here."} for status in ["200", *others]}
    own = {} if security is None else {"security": security}
    root = {"security": [{"key": []}], "paths": {"/a": {"get": {**own, "responses": responses}}}}
    place = ("paths", "/a", "get", "responses")
    found = (place, "401 isn't declared")
    assert (found in looseness(root)) == is_loose


def test_a_loose_part_has_its_place() -> None:
    open_to_all = {"description": "Any.", "content": {"*/*": {}}}
    operation = {"responses": {"200": {"description": "Ok."}, "default": open_to_all}}
    place = ("paths", "/a", "get", "responses", "default")
    assert looseness({"paths": {"/a": {"get": operation}}}) == [
        (place, "responses of several statuses"),
        ((*place, "content", "*/*"), "content without a schema"),
    ]


def test_undeclared_content_of_an_error_is_loose_if_the_proof_is_not_strict(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")  # JSON is YAML.
    proof = Proof(Configuration(file))
    proof.keep(make_exchange("GET", "/notes/1", 404))
    assert proof.loose() == []
    proof.keep(make_exchange("GET", "/notes/1", 404, said={"error": "None."}))
    place = ("paths", "/notes/{id}", "get", "responses", "404")
    assert proof.loose() == [(place, "undeclared content")]
    other = Proof(Configuration(file))
    other.receive(proof.deliver())
    assert other.loose() == proof.loose()
