"""How a change is said, what counts as the same, and what of a document is only prose."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from api.changes.change import Effect
from api.changes.document import document_changes
from tests.changing import base, compared


def said(place: str, old: str, new: str) -> list[str]:
    return [str(change) for change in compared(place, old, new)]


def test_a_change_is_said_in_one_line_with_its_rule_its_place_and_its_values() -> None:
    where = "POST /books, application/json, title"
    assert said("field", "maxLength: 2", "maxLength: 1") == [
        f"breaking    request-property-max-length-decreased  {where}: 2 to 1"
    ]
    assert said("field", "description: one", "description: another") == [
        f"compatible  request-property-description-changed  {where}"
    ]
    assert said("field", "", "pattern: é") == [
        f'breaking    request-property-pattern-added  {where}: "é"'
    ]
    assert said("field", "x-odd: 1", "x-odd: 2") == [
        f"breaking    request-property-unknown-member-changed  {where}: x-odd, 1 to 2"
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
        ("default: 2026-11-24", "default: 2026-11-24"),  # YAML has dates, JSON has none.
    ],
)
def test_what_means_the_same_is_no_change(old: str, new: str) -> None:
    assert said("field", old, new) == []


@pytest.mark.parametrize(
    "member",
    ["title", "description", "example", "examples", "externalDocs", "$comment"],
)
def test_prose_of_a_schema_breaks_nobody(member: str) -> None:
    (change,) = compared("field", f"{member}: [1]", f"{member}: [2]")
    assert not change.breaking
    assert change.rule.startswith("request-property-") and "$" not in change.rule
    assert change.rule.endswith("-changed") and "unknown" not in change.rule


@pytest.mark.parametrize("member", ["version", "contact", "license", "termsOfService", "summary"])
def test_prose_of_the_whole_breaks_nobody(member: str) -> None:
    old, new = base(), base()
    new["info"] = {**new["info"], member: "another"}
    (change,) = document_changes(old, new)
    assert not change.breaking and "unknown" not in change.rule


@pytest.mark.parametrize(
    "method", ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
)
def test_an_operation_of_any_method_that_goes_breaks(method: str) -> None:
    old, new = base(), base()
    operation: dict[str, Any] = {"responses": {"200": {}}}
    old["paths"]["/other"] = {method: operation, "parameters": []}
    new["paths"]["/other"] = {"parameters": []}
    (change,) = document_changes(old, new)
    assert change.rule == "api-path-removed-without-deprecation" and change.breaking
    assert change.place == f"{method.upper()} /other"
