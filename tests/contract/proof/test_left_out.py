"""No feature of a document ends the proof: features that it doesn't know are listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.contract.proof.coverage import KINDS, Coverage
from api.contract.proof.document import Document, read
from api.contract.proof.exactness import Exactness
from api.contract.proof.lines import is_normative, lines
from api.contract.proof.looseness import looseness
from api.contract.proof.mutants import left_out, mutants
from api.contract.proof.patterns import pattern_mutations
from api.contract.proof.unjudged import NotJudged
from api.contract.readings import Place
from tests.contract.proof.judging import document, exchange

FILES = sorted(Path(__file__).parent.glob("many_features_*.yaml"))
PETS: Place = ("paths", "/pets")


def without_a_line_twice(found: list[NotJudged]) -> bool:
    return len(found) == len(set(found))


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def file(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_each_line_of_a_document_with_many_features_is_mutated_or_listed(file: Path) -> None:
    root = read(file)
    verdict = Exactness(Document(root), []).judge()
    listed = {place for place, _ in verdict.not_judged}
    all_lines = lines(file)
    numbers = {line.place: line.number for line in all_lines}
    mutated = {numbers[place] for place in verdict.lines}
    for line in filter(is_normative, all_lines):
        is_listed = any(line.place[:n] in listed for n in range(len(line.place) + 1))
        assert is_listed or line.number in mutated, line
    assert without_a_line_twice(verdict.not_judged)


def test_exchanges_with_a_document_of_many_features_are_covered(file: Path) -> None:
    coverage = Coverage(Document(read(file)))
    kinds = {promise.kind for promise in coverage.promises}
    assert kinds <= {*KINDS} and "fields" in kinds
    for method, path in ("GET", "/v1/pets"), ("POST", "/v1/forms"), ("PATCH", "/v1/pets"):
        coverage.add(exchange(method=method, path=path, body=b"x"))
    assert looseness(coverage.document.root) and without_a_line_twice(coverage.not_judged)


def test_what_is_left_out_is_named_with_its_place() -> None:
    found = left_out(read(FILES[0]))
    for place, what in [
        (("webhooks",), "webhooks"),
        ((*PETS, "post", "callbacks"), "callbacks"),
        ((*PETS, "post", "responses", "201", "links", "self"), "a link without operationId"),
        (("servers", 1, "variables"), "variables"),
    ]:
        assert NotJudged(place, what) in found
    whats = {what for _, what in found}
    assert {"readOnly", "pattern", ". in a pattern", "a lookaround in a pattern"} <= whats


def test_responses_of_several_statuses_are_promises() -> None:
    declared = "responses: {4XX: {description: No.}, default: {description: Other.}}"
    coverage = Coverage(document(declared))
    assert [str(promise) for promise in coverage.promises] == ["do, 4XX", "do, default"]
    coverage.add(exchange(404))
    assert [str(promise) for promise in coverage.missing] == ["do, default"]
    assert {promise.kind for promise in coverage.promises} == {"responses"}
    loose = [what for _, what in looseness(coverage.document.root)]
    assert loose == ["responses of several statuses"] * 2


def test_parameters_of_a_path_and_of_components_are_mutated() -> None:
    page = "{in: query, name: page, schema: {type: integer, minimum: 1}}"
    others = f"components: {{parameters: {{Page: {page}}}}}"
    root = dict(
        document("parameters: [{$ref: '#/components/parameters/Page'}]", others=others).root
    )
    root["paths"]["/a"]["parameters"] = [{"in": "query", "name": "q", "schema": {"maxLength": 3}}]
    verdict = Exactness(Document(root), [exchange(query="page=2&q=abc")]).judge()
    refuted = {(mutant.line, mutant.change) for mutant, _ in verdict.refuted}
    component = ("components", "parameters", "Page", "schema", "minimum")
    assert (("paths", "/a", "parameters", 0, "schema", "maxLength"), "maxLength: 2") in refuted
    assert (("paths", "/a", "get", "parameters", 0, "$ref"), "another") in refuted
    assert (component, "minimum: 2") not in refuted
    assert (component, "minimum: 0") in {(m.line, m.change) for m in verdict.survivors}


@pytest.mark.parametrize(
    ("schema", "change", "direction"),
    [
        ({"multipleOf": 2}, "multipleOf: 4", "stricter"),
        ({"uniqueItems": True}, "uniqueItems: false", "looser"),
        ({"minimum": 1, "exclusiveMinimum": True}, "exclusiveMinimum: false", "looser"),
        ({"exclusiveMaximum": 3}, "exclusiveMaximum: 4", "looser"),
        ({"minProperties": 1}, "minProperties: 2", "stricter"),
        ({"nullable": True}, "nullable: false", "stricter"),
        ({"additionalProperties": True}, "additionalProperties: false", "stricter"),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, "anyOf: 0 dropped", "stricter"),
        ({"oneOf": [{"maxLength": 1}, {"minLength": 3}]}, "minLength: 4", "stricter"),
        ({"patternProperties": {"^x": {"maxLength": 1}}}, "maxLength: 2", "looser"),
    ],
)
def test_a_keyword_is_mutated(schema: dict[str, Any], change: str, direction: str) -> None:
    root = {"paths": {}, "components": {"schemas": {"A": schema}}}
    found = {(mutant.change, mutant.direction) for mutant in mutants(root)}
    assert (change, direction) in found


@pytest.mark.parametrize(
    ("pattern", "change"),
    [
        (r"^\d{3}$", "'9' out of its class"),
        (r"^\w+$", "'@' into its class"),
        (r"^[\s]$", "U+00A1 into its class"),
        (r"^(?=.*a)b{2,}?$", "one fewer will do"),
        (r"^[\u4e00-\u9fa5]+$", "U+9FA5 out of its class"),
    ],
)
def test_a_pattern_of_another_dialect_is_mutated(pattern: str, change: str) -> None:
    found = [mutation.change for mutation in pattern_mutations(pattern)]
    assert change in found
    assert len(found) < 300


def test_without_an_example_a_sample_of_the_pattern_shows_which_characters_it_allows() -> None:
    code = r"{in: query, name: code, schema: {type: string, pattern: '^[ab]\d+$', minLength: 3}}"
    coverage = Coverage(document(f"parameters: [{code}]"))
    found = [promise.what for promise in coverage.promises if promise.kind == "fields"]
    assert {"'0'-'9' allowed", "'a'-'b' allowed", "'c'-U+10FFFF refused"} <= {*found}
    assert not coverage.not_judged


def test_a_body_without_fields_is_a_field_of_its_own() -> None:
    body = "application/json: {schema: {type: array, items: {type: integer}, maxItems: 2}}"
    declared = document(f"requestBody: {{content: {{{body}, image/png: {{}}}}}}", method="post")
    coverage = Coverage(declared)
    found = [str(promise) for promise in coverage.promises if promise.kind == "fields"]
    assert found == [
        *["do, application/json, accepted", "do, application/json, most items"],
        *["do, application/json, one item more", "do, image/png, accepted"],
    ]
    json = {"Host": "localhost", "Content-Type": "application/json"}
    coverage.add(exchange(method="POST", sent=json, body=b"[1, 2]"))
    coverage.add(exchange(method="POST", sent=json | {"Content-Type": "image/png"}, body=b"\x89"))
    coverage.add(exchange(422, method="POST", sent=json, body=b"[1, 2, 3]"))
    assert [promise for promise in coverage.missing if promise.kind == "fields"] == [
        coverage.promises[3]
    ]


def test_a_list_in_a_query_is_covered() -> None:
    tags = "{in: query, name: tags, schema: {type: array, items: {type: string}, maxItems: 2}}"
    coverage = Coverage(document(f"parameters: [{tags}]"))
    coverage.add(exchange(query="tags=a&tags=b"))
    assert "most items" in {promise.what for promise in coverage.seen}


def test_a_parameter_that_refuses_nothing_is_proven_by_an_effect() -> None:
    header = "{in: header, name: If-None-Match, schema: {type: string}}"
    statuses = "{'200': {description: Here.}, '304': {description: Same.}}"
    declared = document(f"parameters: [{header}]\nresponses: {statuses}")
    known = {"Host": "localhost", "If-None-Match": '"1"'}
    line = ("paths", "/a", "get", "parameters", 0)
    both = [exchange(200), exchange(304, sent=known)]
    assert line in Exactness(declared, both[:1]).judge().unproven
    assert line in Exactness(declared, [*both, exchange(304)]).judge().unproven
    assert line not in Exactness(declared, both).judge().unproven


def test_a_promise_that_no_test_can_show_is_not_counted() -> None:
    body = {"properties": {"id": {"type": "string", "readOnly": True}, "text": {"type": "string"}}}
    deep = {"in": "query", "name": "by", "style": "deepObject", "schema": {"type": "object"}}
    content = {"application/json": {"schema": body}}
    operation = {
        "parameters": [deep],
        "requestBody": {"content": content},
        "responses": {"204": {"description": "Done.", "content": content}},
    }
    coverage = Coverage(document(json.dumps(operation), is_strict=False))
    assert {promise.where for promise in coverage.promises} == {"204", "application/json text"}
    coverage.add(exchange(204, received={"Content-Type": "application/json"}))
    assert not [promise for promise in coverage.missing if promise.where == "204"]
