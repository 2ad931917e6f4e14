"""A deprecated part may be removed from its sunset on (`x-sunset`, RFC 8594)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from api.contract.changes.document import document_changes
from tests.contract.changes.changing import base, compared

TODAY = datetime.now(UTC).date()
FUTURE = TODAY + timedelta(days=2)
OPERATION: dict[str, Any] = {"responses": {"200": {}}}
PARTS = {
    "api-path-removed": ("/old", "get", ()),
    "api-removed": ("/books", "get", ()),
    "request-parameter-removed": ("/books", "post", ("parameters", 1)),
    "request-property-removed": (
        *("/books", "post"),
        ("requestBody", "content", "application/json", "schema", "properties", "old"),
    ),
    "response-optional-property-removed": (
        *("/books", "post"),
        ("responses", "200", "content", "application/json", "schema", "properties", "old"),
    ),
    "required-response-header-removed": (
        "/books",
        "post",
        ("responses", "200", "headers", "Old"),
    ),
}
"""The path, the method and the place of a part by the rule of its removal."""


def without(rule: str, **members: Any) -> list[Any]:
    """Return the changes after the removal of a part that had these members."""
    path, method, place = PARTS[rule]
    old = json.loads(json.dumps(base()))  # Its request and its response share one object.
    old["paths"].setdefault(path, {}).setdefault(method, dict(OPERATION))
    part = old["paths"][path][method]
    for name in place[:-1]:
        part = part[name]
    if not place:
        part.update(members)
    elif place[0] == "parameters":
        part.append({"in": "query", "name": "old", **members})
    else:
        part[place[-1]] = {"required": True, **members} if "headers" in place else members
    return document_changes(old, base())


@pytest.mark.parametrize("rule", PARTS)
@pytest.mark.parametrize("day", ["2000-01-01", TODAY, "2000-01-01T12:00:00Z"])
def test_from_its_sunset_on_a_deprecated_part_may_be_removed(rule: str, day: Any) -> None:
    (change,) = without(rule, deprecated=True, **{"x-sunset": day})
    assert (change.rule, change.breaking) == (f"{rule}-with-deprecation", False)
    assert change.detail == f"removed after its sunset, {day}"


@pytest.mark.parametrize("rule", PARTS)
def test_before_its_sunset_it_may_not(rule: str) -> None:
    (change,) = without(rule, deprecated=True, **{"x-sunset": FUTURE})
    assert change.rule == f"{rule}-before-sunset" and change.detail == f"its sunset is {FUTURE}"
    # The removal of an optional part of an open response breaks no client.
    assert change.breaking == ("optional" not in rule)


@pytest.mark.parametrize("rule", PARTS)
@pytest.mark.parametrize("members", [{"deprecated": True}, {"x-sunset": "2000-01-01"}])
def test_a_deprecation_without_a_sunset_or_a_sunset_alone_permits_nothing(
    rule: str, members: dict[str, Any]
) -> None:
    (change,) = without(rule, **members)
    assert change.rule.startswith(rule) and "sunset" not in change.rule
    assert change.breaking == ("optional" not in rule)


def test_a_sunset_that_is_no_date_is_refused() -> None:
    with pytest.raises(ValueError, match="soon"):
        without("api-removed", deprecated=True, **{"x-sunset": "soon"})


@pytest.mark.parametrize("place", ["post", "parameter", "field", "answered", "header"])
def test_a_sunset_may_be_announced_and_put_off_but_not_brought_forward(place: str) -> None:
    announced, later = ("deprecated: true, x-sunset: 2030-01-01", "x-sunset: 2030-01-02")
    for old, new, rule, breaking in (
        ("deprecated: true", announced, "sunset-added", False),
        (announced, f"deprecated: true, {later}", "sunset-changed", False),
        (f"deprecated: true, {later}", announced, "sunset-changed", True),
        (announced, "deprecated: true", "sunset-removed", True),
    ):
        (change,) = compared(place, old, new)
        assert change.rule.endswith(f"-{rule}") and change.breaking == breaking, (old, new)
    assert not any(change.breaking for change in compared(place, announced, ""))
    assert not any(change.breaking for change in compared(place, "", announced))


def test_the_sunset_of_a_parameter_is_read_where_apispec_prints_it() -> None:
    class Query(Schema):
        old = fields.String(metadata={"deprecated": True, "x-sunset": "2000-01-01"})

    spec = APISpec("Books", "1", "3.1.0", plugins=[MarshmallowPlugin()])
    operation = {"parameters": [{"in": "query", "schema": Query}], "responses": {"200": {}}}
    spec.path("/books", operations={"get": operation})
    old = spec.to_dict()
    new = {**old, "paths": {"/books": {"get": OPERATION}}}
    (change,) = document_changes(old, new)
    assert (change.rule, change.breaking) == ("request-parameter-removed-with-deprecation", False)
