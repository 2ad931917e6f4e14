"""The report of a change, equivalent documents, and descriptive text."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from api.contract.changes.change import Effect
from api.contract.changes.document import document_changes
from tests.contract.changes.changing import base, compared


def reported(place: str, old: str, new: str) -> list[str]:
    return [str(change) for change in compared(place, old, new)]


def test_a_change_is_said_in_one_line_with_its_rule_its_place_and_its_values() -> None:
    where = "POST /books, application/json, title"
    assert reported("field", "maxLength: 2", "maxLength: 1") == [
        f"breaking    request-property-max-length-decreased  {where}: 2 to 1"
    ]
    assert reported("field", "description: one", "description: another") == [
        f"compatible  request-property-description-changed  {where}"
    ]
    assert reported("field", "", "pattern: é") == [
        f'breaking    request-property-pattern-added  {where}: "é"'
    ]
    assert reported("field", "", 'pattern: "\\x9F\\u202E"') == [
        f'breaking    request-property-pattern-added  {where}: "\\u009f\\u202e"'
    ]
    assert reported("field", "x-odd: 1", "x-odd: 2") == [
        f"breaking    request-property-x-odd-changed  {where}: 1 to 2"
    ]


def test_a_change_stays_as_it_was_found() -> None:
    (change,) = compared("field", "maxLength: 2", "maxLength: 1")
    assert change.effect is Effect.NARROWS and Effect.NOTHING.value
    with pytest.raises(FrozenInstanceError):
        change.rule = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("const: {a: 1, b: 2}", "const: {b: 2, a: 1}"),
        ("default: 2026-11-24", "default: 2026-11-24"),  # YAML has dates; JSON doesn't.
    ],
)
def test_equivalent_schemas_are_no_change(old: str, new: str) -> None:
    assert reported("field", old, new) == []


@pytest.mark.parametrize(
    "member",
    ["title", "description", "example", "examples", "externalDocs", "$comment"],
)
def test_text_of_a_schema_breaks_no_client(member: str) -> None:
    (change,) = compared("field", f"{member}: [1]", f"{member}: [2]")
    assert not change.breaking
    assert change.rule.startswith("request-property-") and "$" not in change.rule
    assert change.rule.endswith("-changed")


@pytest.mark.parametrize("member", ["version", "contact", "license", "termsOfService", "summary"])
def test_text_of_the_document_breaks_no_client(member: str) -> None:
    old, new = base(), base()
    new["info"] = {**new["info"], member: "another"}
    (change,) = document_changes(old, new)
    assert not change.breaking
    assert change.place == "info" and change.rule.startswith("api-")


@pytest.mark.parametrize(
    "method", ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
)
def test_removing_an_operation_of_any_method_breaks_clients(method: str) -> None:
    old, new = base(), base()
    operation: dict[str, Any] = {"responses": {"200": {}}}
    old["paths"]["/other"] = {method: operation, "parameters": []}
    new["paths"]["/other"] = {"parameters": []}
    (change,) = document_changes(old, new)
    assert change.rule == "api-path-removed-without-deprecation" and change.breaking
    assert change.place == f"{method.upper()} /other"


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        ("type: string", "type: boolean", '"string" to "boolean"'),
        ("type: string", "type: [string, integer]", '"string" to ["string", "integer"]'),
        ("format: uuid", "format: date", '"uuid" to "date"'),
        ("", "enum: [a]", '["a"]'),
        ("enum: [a]", "", '["a"]'),
        ("maximum: 1", "maximum: 1.5", "1 to 1.5"),
    ],
)
def test_a_keyword_is_said_with_what_it_was_and_is(old: str, new: str, detail: str) -> None:
    (change,) = compared("field", old, new)
    assert change.detail == detail


def test_all_types_instead_of_none_break_no_client() -> None:
    every = "type: [array, boolean, integer, 'null', number, object, string]"
    for place in "field", "answered":
        (added,), (removed,) = compared(place, "", every), compared(place, every, "")
        assert not added.breaking and not removed.breaking


@pytest.mark.parametrize(("mark", "rule"), [("readOnly", "read-only"), ("writeOnly", "write-only")])
def test_a_whole_may_be_for_one_side_alone(mark: str, rule: str) -> None:
    (change,) = compared("body", "", f"{mark}: true")
    assert (change.rule, change.breaking) == (f"request-body-{rule}-added", False)


@pytest.mark.parametrize(
    ("place", "old", "new"),
    [
        ("field", "readOnly: true, maximum: 2", "readOnly: true, maximum: 1"),
        ("answered", "writeOnly: true, enum: [1]", "writeOnly: true, enum: [1, 2]"),
        ("body", "properties: {}", "properties: {a: {readOnly: true}}, required: [a]"),
        ("body", "properties: {a: {readOnly: true}}", "properties: {}"),
        ("answer", "properties: {}", "properties: {a: {writeOnly: true}}"),
        ("answer", "properties: {a: {writeOnly: true}}, required: [a]", "properties: {}"),
        (
            "answer",
            "properties: {a: {writeOnly: true}}, required: [a]",
            "properties: {a: {writeOnly: true}}",
        ),
    ],
)
def test_a_property_that_one_side_does_not_have_changes_nothing_there(
    place: str, old: str, new: str
) -> None:
    assert compared(place, old, new) == []


@pytest.mark.parametrize(
    ("place", "members"),
    [
        ("basic", "type scheme name in flows openIdConnectUrl"),
        ("parameter", "style explode allowReserved allowEmptyValue content"),
        ("link", "operationId operationRef parameters requestBody server"),
    ],
)
def test_a_change_of_another_member_breaks_clients(place: str, members: str) -> None:
    for member in members.split():
        (change,) = compared(place, f"{member}: a", f"{member}: b")
        assert change.breaking and change.detail == '"a" to "b"'
        assert change.rule.endswith("-changed")


@pytest.mark.parametrize(
    ("place", "old", "new", "rule"),
    [
        ("basic", "bearerFormat: a", "bearerFormat: b", "api-security-component-bearer-format"),
        ("document", "openapi: 3.1.0", "openapi: 3.1.1", "api-openapi"),
        ("document", "tags: [{name: a}]", "tags: [{name: b}]", "api-tags"),
        (
            "document",
            "servers: [{url: /, description: a}]",
            "servers: [{url: /, description: b}]",
            "api-server-description",
        ),
    ],
)
def test_text_next_to_operations_breaks_no_client(
    place: str, old: str, new: str, rule: str
) -> None:
    (change,) = compared(place, old, new)
    assert (change.rule, change.breaking) == (f"{rule}-changed", False)


def test_an_operation_of_another_name_is_said_with_both() -> None:
    assert reported("post", "operationId: add", "operationId: put") == [
        'compatible  api-operation-id-removed  POST /books: "add" to "put"'
    ]


def test_the_names_of_a_query_have_a_letter_case() -> None:
    old, new = (f"parameters: [{{in: query, name: {name}}}]" for name in ("limit", "Limit"))
    assert len(compared("post", old, new)) == 2


def test_an_unknown_member_of_a_path_breaks_clients() -> None:
    old, new = base(), base()
    old["paths"]["/books"]["x-odd"], new["paths"]["/books"]["x-odd"] = 1, 2
    (change,) = document_changes(old, new)
    assert (change.rule, change.place) == ("api-x-odd-changed", "/books")
    assert change.breaking
