"""The verdicts, compared with an independent check: whether one schema accepts all of the other."""

from typing import Any, Literal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as some
from jsonschema_rs import canonicalize
from jsonschema_rs.canonical import Containment

from api.contract.changes.change import Location
from api.contract.changes.schema import schema_changes

pytestmark = pytest.mark.long

Schema = dict[str, Any]
Side = Literal["request", "response"]

TYPES: list[Any] = [
    "string",
    "integer",
    "number",
    "boolean",
    ["string", "null"],
    ["integer", "array"],
]
VALUES: list[Any] = [None, True, 0, 1, 2.5, "", "a", "bb"]
SMALL = some.integers(0, 3)
PLAIN: dict[str, some.SearchStrategy[Any]] = {
    "type": some.sampled_from(TYPES),
    "enum": some.lists(some.sampled_from(VALUES), min_size=1, max_size=3),
    "const": some.sampled_from(VALUES),
    "minLength": SMALL,
    "maxLength": SMALL,
    "minimum": SMALL,
    "exclusiveMaximum": SMALL,
    "minItems": SMALL,
    "maxItems": SMALL,
    "multipleOf": some.sampled_from([2, 3, 6]),
    "pattern": some.sampled_from(["^a", "^b+$"]),
    "description": some.sampled_from(["One.", "Another."]),
}


def of(keywords: dict[str, some.SearchStrategy[Any]]) -> some.SearchStrategy[Schema]:
    """Schemas of at most two keywords, so that two of them are often similar."""
    names = some.lists(some.sampled_from(sorted(keywords)), max_size=2, unique=True)
    return names.flatmap(lambda ns: some.fixed_dictionaries({name: keywords[name] for name in ns}))


def within(inner: some.SearchStrategy[Schema]) -> some.SearchStrategy[Schema]:
    members = some.lists(inner, min_size=1, max_size=2)
    # Closed, because an open schema allows undeclared members.
    closed = some.fixed_dictionaries(
        {
            "type": some.just("object"),
            "properties": some.dictionaries(some.sampled_from("ab"), inner, max_size=2),
            "required": some.lists(some.sampled_from("ab"), unique=True),
            "additionalProperties": some.just(value=False),
        }
    )
    return closed | of({"items": inner, "not": inner, "allOf": members, "anyOf": members})


SCHEMAS = some.recursive(of(PLAIN), within, max_leaves=4)


@settings(max_examples=1000, derandomize=True, deadline=None)
@given(old=SCHEMAS, new=SCHEMAS)
def test_compatible_changes_are_covered(old: Schema, new: Schema) -> None:
    """Old requests are still valid, and new responses would have been valid before."""
    covers: dict[Side, tuple[Schema, Schema]] = {"request": (new, old), "response": (old, new)}
    for side, (wider, narrower) in covers.items():
        changes = list(schema_changes(Location(side, f"{side}-body"), old, new))
        if not any(change.breaking for change in changes):
            event(f"compatible {side}")
            assert canonicalize(wider).covers(canonicalize(narrower)) != Containment.NO, changes
