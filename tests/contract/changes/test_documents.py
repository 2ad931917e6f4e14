"""Equivalent notations are no change, and a component that is used twice changes in both places."""

from typing import Any

import pytest

from api.contract.changes.change import PROSE
from api.contract.changes.document import document_changes
from api.contract.proof.proof import Proof
from tests.contract.changes.changing import base, with_members

USED = "{content: {a/a: {schema: {$ref: '#/components/schemas/Book'}}}}"


def with_book(schema: dict[str, Any]) -> Any:
    """Return a document whose request and response use the same schema."""
    document = with_members("post", f"requestBody: {USED}, responses: {{200: {USED}}}")
    return document | {"components": {"schemas": {"Book": schema}}}


def found(old: Any, new: Any) -> list[tuple[str, bool]]:
    return [(change.rule, change.breaking) for change in document_changes(old, new)]


def test_a_change_of_a_shared_schema_breaks_one_of_its_users() -> None:
    small, large = with_book({"maxLength": 1}), with_book({"maxLength": 2})
    rules = "request-body-max-length", "response-body-max-length"
    assert found(large, small) == [
        (f"{rules[0]}-decreased", True),
        (f"{rules[1]}-decreased", False),
    ]
    assert found(small, large) == [
        (f"{rules[1]}-increased", True),
        (f"{rules[0]}-increased", False),
    ]


def test_inlining_a_reference_is_no_change() -> None:
    referred = with_book({"maxLength": 1})
    content = "{content: {a/a: {schema: {maxLength: 1}}}}"
    inline = with_members("post", f"requestBody: {content}, responses: {{200: {content}}}")
    inline["components"] = referred["components"]
    assert found(referred, inline) == found(inline, referred) == []


def test_siblings_of_a_reference_count_too() -> None:
    beside = {"$ref": "#/components/schemas/Text", "maxLength": 5}
    old, new = (
        with_book({}) | {"components": {"schemas": {"Book": beside, "Text": {"maxLength": most}}}}
        for most in (9, 4)
    )
    assert found(old, new) == [
        ("request-property-max-length-decreased", True),
        ("response-property-max-length-decreased", False),
    ]


def test_siblings_of_a_reference_may_narrow_its_properties() -> None:
    def narrowed(*members: str) -> Any:
        keywords = {"properties": {"kind": {"enum": list(members)}}}
        within = {"allOf": [keywords]} if members else {}
        beside = {"$ref": "#/components/schemas/Text", "description": "So."} | within
        text = {"description": "A text.", "properties": {"kind": {"type": "string"}}}
        return with_book({}) | {"components": {"schemas": {"Book": beside, "Text": text}}}

    assert found(narrowed("a"), narrowed("a", "b")) == [
        ("response-property-enum-value-added", True),
        ("request-property-enum-value-added", False),
    ]
    assert ("request-property-enum-added", True) in found(narrowed(), narrowed("a"))


def test_a_schema_may_hold_itself() -> None:
    circle = {"$ref": "#/components/schemas/Book"}
    old = with_book({"properties": {"sequel": circle, "pages": {"maximum": 9}}})
    new = with_book({"properties": {"sequel": circle, "pages": {"maximum": 8}}})
    assert found(old, old) == []
    assert ("request-property-max-decreased", True) in found(old, new)


def test_parameters_and_security_may_be_shared_by_operations() -> None:
    each, whole = base(), base()
    each["paths"]["/books"]["post"]["security"] = [{"basic": []}]
    whole["security"] = [{"basic": []}]
    whole["paths"]["/books"]["parameters"] = whole["paths"]["/books"]["post"].pop("parameters")
    assert found(each, whole) == found(whole, each) == []


def test_another_status_of_a_refusal_breaks_clients() -> None:
    """A client that handles the old status no longer gets it."""
    old, new = "responses: {409: {}}", "responses: {422: {}}"
    assert found(with_members("post", old), with_members("post", new)) == [
        ("response-non-success-status-removed", True),
        ("response-non-success-status-added", False),
    ]


def test_of_two_ways_in_one_may_ask_for_more_and_one_be_new() -> None:
    old, new = "security: [{a: [r]}]", "security: [{a: [r, w]}, {a: [x]}]"
    assert found(with_members("post", old), with_members("post", new)) == [
        ("api-security-removed", True),
        ("api-security-added", False),
        ("api-security-added", False),
    ]


def test_fewer_scopes_break_no_client() -> None:
    old, new = "security: [{a: [r, w]}]", "security: [{a: [w]}]"
    assert found(with_members("post", old), with_members("post", new)) == [
        ("api-security-removed", False),
        ("api-security-added", False),
    ]


@pytest.mark.parametrize("place", ["header", "parameter"])
def test_the_names_of_headers_have_no_letter_case(place: str) -> None:
    if place == "header":
        old, new = (
            with_members("reply", f"headers: {{{name}: {{}}}}") for name in ("ETag", "etag")
        )
    else:
        named = (f"parameters: [{{in: header, name: {name}}}]" for name in ("ETag", "etag"))
        old, new = (with_members("post", members) for members in named)
    assert found(old, new) == []


def test_a_status_may_be_a_number() -> None:
    old, new = (
        with_members("post", f"responses: {{{status}: {{}}}}") for status in ("200", "'200'")
    )
    assert found(old, new) == []


def test_text_breaks_no_client_and_is_listed(proof: Proof) -> None:
    changes = document_changes(proof.root, retold(proof.root))
    assert {change.rule.split("-")[-2] for change in changes} >= {"description", "summary"}
    assert not [change for change in changes if change.breaking]


def retold(node: Any) -> Any:
    """Return the node with each descriptive text changed."""
    if isinstance(node, list):
        return [retold(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        name: f"{value} Really." if name in PROSE and isinstance(value, str) else retold(value)
        for name, value in node.items()
    }
