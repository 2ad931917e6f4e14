"""Changes within a schema are reported at their location, and references are resolved."""

from typing import Any

import pytest

from api.contract.changes.document import document_changes
from tests.contract.changes.changing import base, compared, with_members

TITLE = "POST /books, application/json, title"
MORE = "POST /books, 200, application/json, more"
OPEN, BOTH = "properties: {title: {}}", "properties: {title: {}, more: {}}"


@pytest.mark.parametrize(
    ("place", "old", "new", "said"),
    [
        *(
            (
                "field",
                f"{within}: {{maxLength: 2}}",
                f"{within}: {{maxLength: 1}}",
                f"breaking    request-property-max-length-decreased  {TITLE}, {within}: 2 to 1",
            )
            for within in ("items", "additionalProperties", "propertyNames")
        ),
        (
            "field",
            "items: false",
            "items: {}",
            f"compatible  request-property-schema-became-not-false  {TITLE}, items",
        ),
        (
            "field",
            "not: {maxLength: 2, pattern: a}",
            "not: {maxLength: 1}",
            f"breaking    request-property-not-changed  {TITLE}: "
            '{"maxLength": 2, "pattern": "a"} to {"maxLength": 1}',
        ),
        (
            "field",
            "allOf: [{}, {maxLength: 2}]",
            "allOf: [{}, {maxLength: 1}]",
            f"breaking    request-property-max-length-decreased  {TITLE}, allOf 2: 2 to 1",
        ),
        *(
            (
                "answer",
                f"{rest}, {OPEN}",
                f"{rest}, {BOTH}",
                f"breaking    response-optional-property-added  {MORE}",
            )
            for rest in ("patternProperties: {x: {}}", "unevaluatedProperties: false")
        ),
        (
            "answer",
            f"{BOTH}, required: [more]",
            OPEN,
            f"breaking    response-required-property-removed  {MORE}",
        ),
        (
            "answer",
            "required: [more]",
            "",
            f"breaking    response-property-became-optional  {MORE}",
        ),
    ],
)
def test_a_change_is_reported_at_its_location(place: str, old: str, new: str, said: str) -> None:
    assert [str(change) for change in compared(place, old, new)] == [said]


def test_several_choices_change_each_by_itself() -> None:
    changes = compared("field", "anyOf: [{}], oneOf: [{}]", "oneOf: [{}, {const: 2}]")
    # A value of the new member was valid by the first one, and now by both, which is one too many.
    assert [(change.rule, change.breaking) for change in changes] == [
        ("request-property-one-of-added", True),
        ("request-property-any-of-removed", False),
    ]


def test_a_schema_that_takes_all_may_be_written_as_true() -> None:
    assert compared("answer", "properties: {title: true}", "properties: {title: {}}") == []


def test_a_property_that_was_closed_for_good_opens() -> None:
    (change,) = compared("answer", "properties: {title: false}", "properties: {title: {}}")
    assert change.rule == "response-property-schema-became-not-false" and change.breaking


def test_references_are_followed_in_lists_and_by_escaped_names() -> None:
    parameter: dict[str, Any] = {"in": "query", "name": "limit", "schema": {"maximum": 9}}
    inline, referring = base(), base()
    inline["paths"]["/books"]["post"]["parameters"] = [parameter]
    reference = {"$ref": "#/components/parameters/a~1b~0c"}
    referring["paths"]["/books"]["post"]["parameters"] = [reference]
    inline["components"]["parameters"] = {"a/b~c": parameter}
    referring["components"]["parameters"] = {"a/b~c": parameter}
    assert document_changes(inline, referring) == []


def test_siblings_of_a_reference_are_combined_with_it() -> None:
    beside = with_members("field", "$ref: '#/components/schemas/text', allOf: [{minLength: 1}]")
    beside["components"]["schemas"] = {"text": {"allOf": [{"maxLength": 9}]}}
    whole = with_members("field", "allOf: [{minLength: 1}, {allOf: [{maxLength: 9}]}]")
    whole["components"]["schemas"] = beside["components"]["schemas"]
    assert document_changes(beside, whole) == []


def test_a_document_of_openapi_3_0_is_compared_as_one_of_3_1() -> None:
    old = with_members("field", "type: string, nullable: true")
    old["paths"]["/books"]["post"]["x-bounds"] = {"minimum": 1, "exclusiveMinimum": True}
    new = with_members("field", "type: [string, 'null']")
    new["paths"]["/books"]["post"]["x-bounds"] = {"exclusiveMinimum": 1}
    (change,) = document_changes({**old, "openapi": "3.0.3"}, new)
    assert change.rule == "api-openapi-changed" and not change.breaking


@pytest.mark.parametrize("document", [None, [], {}, {"openapi": "2.0"}, {"swagger": "2.0"}])
def test_other_documents_are_refused(document: Any) -> None:
    with pytest.raises(ValueError, match=r"^it is not an OpenAPI document, which begins with"):
        document_changes(base(), document)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "security: [{b: [], a: []}]",
            "security: [{c: []}]",
            ["breaking    api-security-removed  POST /books: a and b"],
        ),
        (
            "security: [{a: []}]",
            "security: [{a: []}, {}]",
            ["compatible  api-security-added  POST /books: anybody"],
        ),
        (
            "responses: {200: {}, 404: {}}",
            "responses: {200: {}, 201: {}}",
            ["compatible  response-non-success-status-removed  POST /books, 404"],
        ),
        (
            "requestBody: {content: {a/a: {encoding: {x: {}}}}}",
            "requestBody: {content: {a/a: {encoding: {y: {}}}}}",
            ['breaking    request-body-encoding-changed  POST /books, a/a: {"x": {}} to {"y": {}}'],
        ),
        (
            "responses: {200: {headers: {ETag: {required: true}}}}",
            "responses: {200: {headers: {ETag: {}}}}",
            ["breaking    response-header-became-optional  POST /books, 200, etag"],
        ),
        (
            "parameters: [{in: header, name: X-Id, schema: {maxLength: 2}}]",
            "parameters: [{in: header, name: X-Id, schema: {maxLength: 1}}]",
            [
                "breaking    request-parameter-max-length-decreased"
                "  POST /books, header x-id: 2 to 1"
            ],
        ),
    ],
)
def test_a_change_of_an_operation_is_reported_at_its_location(
    old: str, new: str, said: list[str]
) -> None:
    assert said[0] in [str(change) for change in compared("post", old, new)]


def test_a_list_of_types_may_become_one() -> None:
    (change,) = compared("field", "type: [string, boolean]", "type: string")
    assert change.rule == "request-property-type-changed" and change.breaking
