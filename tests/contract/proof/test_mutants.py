"""Each mutation makes the schema stricter, looser or different, as it declares."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.contract.proof.configuration import Configuration
from api.contract.proof.equivalence import mean_the_same
from api.contract.proof.mutants import mutants
from api.contract.proof.proof import Proof
from api.contract.proof.schemas import changes
from api.contract.proof.values import fits
from tests.contract.small_document import DOCUMENT, TRAFFIC

OPEN = {"type": "object", "properties": {"a": {}}}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer"}, ("type: number for integer", "looser")),
        ({"type": "number"}, ("type: integer for number", "stricter")),
        ({"maxLength": 2, "pattern": "^[0-9]{2}$"}, None),
        ({"maxLength": 2, "pattern": "^[0-9]{2}"}, ("maxLength: 3", "looser")),
        (OPEN, ("properties: a dropped", "looser")),
        (OPEN | {"additionalProperties": True}, ("properties: a dropped", "looser")),
        (OPEN | {"additionalProperties": False}, ("properties: a dropped", "stricter")),
        (OPEN | {"additionalProperties": {"type": "null"}}, ("properties: a dropped", "different")),
    ],
)
def test_a_mutation_has_its_declared_direction(
    schema: Any, expected: tuple[str, str] | None
) -> None:
    found = {(change.words, change.direction) for change in changes(schema)}
    if expected is None:
        assert ("maxLength: 3", "looser") not in found
    else:
        assert expected in found


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "^[^b]*$"},
        {"pattern": "^[^bc]+x$"},
        {"items": {"const": 1}, "maxItems": 0, "minItems": 0},
        {"maxLength": 0, "minLength": 0},
        {"type": "integer", "minimum": 0, "maximum": 1},
    ],
)
def test_each_mutation_changes_the_meaning_of_the_schema(schema: Any) -> None:
    notches = [change for change in changes(schema) if not change.target]
    assert notches
    for change in notches:
        fits(change.value, "b")  # Raises if the mutant isn't a valid schema.
        assert not mean_the_same(schema, change.value), change.words


def asked_with(parameter: dict[str, Any]) -> dict[str, Any]:
    edited = deepcopy(DOCUMENT)
    edited["paths"]["/notes/{id}"]["get"]["parameters"].append(parameter)
    return edited


def test_a_parameter_could_stand_elsewhere() -> None:
    edited = asked_with({"in": "query", "name": "q", "schema": {"type": "string"}})
    found = {(m.line[-1], m.change) for m in mutants(edited) if "parameters" in m.line}
    assert {("in", "in the header"), ("name", "renamed"), (1, "dropped")} <= found


def test_what_a_parameters_schema_forbids_has_to_be_refused(tmp_path: Path) -> None:
    """Also if the parameter is a component."""
    reference = {"$ref": "#/components/schemas/Q"}
    edited = asked_with({"in": "query", "name": "q", "schema": reference})
    edited["components"]["schemas"]["Q"] = {"type": "integer", "minimum": 1}
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(edited))
    proof = Proof(Configuration(file, strict=True))
    for exchange in TRAFFIC:
        proof.keep(exchange)
    assert "minimum: 0" in {mutant.change for mutant in proof.verdict.survivors}


def test_a_field_of_a_form_may_refer_to_the_schema_of_a_text(tmp_path: Path) -> None:
    edited = deepcopy(DOCUMENT)
    properties = edited["components"]["schemas"]["NewNote"]["properties"]
    edited["components"]["schemas"]["Text"] = properties["text"]
    properties["text"] = {"$ref": "#/components/schemas/Text"}
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(edited))
    proof = Proof(Configuration(file, strict=True))
    for exchange in TRAFFIC:
        proof.keep(exchange)
    assert list(proof.missing()) == []
    place = ("components", "schemas", "NewNote", "properties", "text", "$ref")
    assert [m.change for m in mutants(edited) if m.line == place] == ["another"]
    # As in a form, no value of the component can be null.
    changes = {m.change for m in mutants(edited) if m.line[:3] == ("components", "schemas", "Text")}
    assert "minLength: 3" in changes and "type: null allowed" not in changes
