"""The proof fails for undeclared responses, uncovered declarations, and lines without effect."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.contract.proof.configuration import Configuration
from api.contract.proof.document import Document
from api.contract.proof.equivalence import mean_the_same
from api.contract.proof.exactness import Exactness
from api.contract.proof.exchanges import Exchange
from api.contract.proof.mutants import Mutant, mutants
from api.contract.proof.proof import Contradiction, Proof
from api.contract.proof.rules import contradictions
from tests.contract.small_document import DOCUMENT, FORM, TRAFFIC, make_exchange, note_left

Prove = Callable[..., Proof]
MUTANTS = list(mutants(DOCUMENT))


@pytest.fixture
def prove(tmp_path: Path) -> Prove:
    def prove(document: Any = DOCUMENT, exchanges: Iterable[Exchange] = TRAFFIC) -> Proof:
        file = tmp_path / "small.yaml"
        file.write_text(yaml.safe_dump(document, sort_keys=False))
        proof = Proof(Configuration(file, strict=True))
        for exchange in exchanges:
            proof.keep(exchange)
        return proof

    return prove


def test_a_document_is_proven_by_traffic_that_shows_all_of_it(prove: Prove) -> None:
    proof = prove()
    assert list(proof.missing()) == []
    assert str(proof.coverage) == "contract: 20 of 20 promises seen"
    assert str(proof.verdict) == "exactness: 42 of 42 lines proven"


@pytest.mark.parametrize("left_out", range(len(TRAFFIC)))
def test_nothing_of_the_traffic_can_be_left_out(left_out: int, prove: Prove) -> None:
    """Each of these exchanges covers something that no other does."""
    assert any(prove(exchanges=TRAFFIC[:left_out] + TRAFFIC[left_out + 1 :]).missing())


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.line[-3:]} {m.change}")
def test_a_mutated_document_is_not_proven(mutant: Mutant, prove: Prove) -> None:
    """The traffic contradicts the mutant, doesn't cover it, or leaves a line without effect."""
    with suppress(Contradiction):
        proof = prove(mutant.root)
        # A schema that doesn't constrain a response's text can't be too strict about it.
        is_silent = mutant.change == "pattern: dropped" and "headers" in mutant.line
        same = mutant.is_of_schema and mean_the_same(mutant.old, mutant.new)
        assert any(proof.missing()) != (is_silent or same)


def test_each_mutant_that_an_exchange_contradicts_is_refuted() -> None:
    """The verdict judges only the half of an exchange that a mutant changes."""
    document = Document(DOCUMENT)
    refuted = [mutant for mutant, _ in Exactness(document, TRAFFIC).judge().refuted]
    contradicted = [
        mutant
        for mutant in MUTANTS
        if any(any(contradictions(document.changed(mutant.root), each)) for each in TRAFFIC)
    ]
    assert len(contradicted) > 50 and not [m for m in contradicted if m not in refuted]


def test_missing_coverage_is_reported_with_line_and_mutation(prove: Prove) -> None:
    too_long = deepcopy(DOCUMENT)
    too_long["components"]["schemas"]["Note"]["properties"]["id"]["maximum"] = 3
    too_long["paths"]["/notes"]["post"]["responses"]["201"].pop("links")
    too_long["paths"]["/notes/{id}"]["get"]["responses"]["418"] = {"description": "A teapot."}
    proof = prove(too_long)
    lines = proof.file.read_text().splitlines()
    teapot, maximum = lines.index("        '418':") + 1, lines.index("          maximum: 3") + 1
    schema = "components / schemas / Note / properties / id / maximum"
    assert {
        "never seen: readNote, 418",
        "the link from leaveNote, 201, $response.body#/id, to readNote's id"
        " was followed and isn't declared",
        f"small.yaml:{teapot}: paths / /notes/{{id}} / get / responses / 418 could be: dropped; "
        "428",
        f"small.yaml:{maximum}: {schema} could be: maximum: 2",
    } <= set(proof.missing())


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (make_exchange("GET", "/elsewhere", 200), "/elsewhere isn't declared, but gets 200"),
        (make_exchange("DELETE", "/notes", 204), "DELETE /notes isn't declared, but gets 204"),
        (make_exchange("PUT", "/notes", 405, Allow="GET"), "Allow is GET"),
        (make_exchange("GET", "/notes/1", 500), "500 isn't declared"),
        (make_exchange("GET", "/notes/1", 200), "no media type isn't declared"),
        (make_exchange("GET", "/notes/1", 200, said={"id": 3}), "the content isn't as declared"),
        (
            make_exchange("GET", "/notes/1", 200, said={"id": 1, "x": 1}),
            "the content isn't as declared",
        ),
        (make_exchange("GET", "/notes/1", 200, said={"id": 1}, X="1"), "x isn't declared"),
        (
            make_exchange("GET", "/notes/1", 404, said={}),
            "there is content (application/json), but the",
        ),
        (make_exchange("GET", "/notes/x", 200, said={"id": 1}), "an invalid request was accepted"),
        (
            make_exchange("HEAD", "/notes/1", 200, said={"id": 1}),
            "there is content (application/json), but HEAD has none",
        ),
        (note_left("text=ab", 3), "Location: '/notes/3' isn't as declared"),
        (
            note_left("text=ac", 1),
            "an invalid request was accepted: the form doesn't fit: text: … does not match",
        ),
        (note_left("text=ab&text=ab", 1), "an invalid request was accepted: text occurs twice"),
        (
            make_exchange("POST", "/notes", 201, sent="text=ab", said={"id": 1}),
            "Location occurs 0 times",
        ),
        (
            make_exchange("POST", "/notes", 400, sent="text=ab"),
            "a valid request was refused. If the refusal depends on state or on several fields, "
            "say so: refuses_valid in pyproject.toml, or x-refuses-valid in the document.",
        ),
        (
            make_exchange("POST", "/notes", 400, sent="text=ab", said={"error": "No milk."}),
            "a valid request was refused: {'error': 'No milk.'}. If the refusal",
        ),
        (
            make_exchange("POST", "/notes", 201, sent="text=ab", content_type="text/plain"),
            "an invalid request was accepted: its media type, text/plain, isn't declared",
        ),
        (
            make_exchange("POST", "/notes", 201, sent="text=ab", content_type=f"{FORM};charset=x"),
            "an invalid request was accepted: its charset or content coding isn't declared",
        ),
        (make_exchange("POST", "/notes", 415, sent="text=ab"), "a declared encoding was refused"),
        (make_exchange("GET", "/notes/1", 401), "401 isn't declared"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_exchange_that_is_not_as_declared_is_refused_at_once(
    exchange: Exchange, said: str, prove: Prove
) -> None:
    with pytest.raises(Contradiction, match=re.escape(said)):
        prove(exchanges=[exchange])
