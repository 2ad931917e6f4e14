"""Breaking changes of a contract, according to oasdiff's documented rules."""

import re
from collections.abc import Iterator

import pytest

from api.contract.changes.document import document_changes
from api.contract.changes.reader import resolve_references
from api.contract.places import pointer, references
from api.contract.proof.document import METHODS
from api.contract.proof.mutants import mutants, replaced
from api.contract.proof.proof import Proof
from api.contract.readings import Node, Place
from tests.contract.changes.changing import breaks, compared, rows

ROWS = list(rows())
BOUND = re.compile("(request|response)-(property|body|parameter|header)-(max|min|uni|mul|enum|pat)")
EACH_ROW = pytest.mark.parametrize(
    ("place", "rule", "level", "old", "new"),
    [pytest.param(*row, id=f"{row[1]}, {row[3]} to {row[4]}") for row in ROWS],
)


@EACH_ROW
def test_a_change_gets_the_verdict_of_its_rule_and_no_other(
    place: str, rule: str, level: str, old: str, new: str
) -> None:
    changes = compared(place, old, new)
    assert [(change.rule, change.breaking) for change in changes] == [(rule, breaks(level))]


def test_the_table_has_cases_enough_of_rules_that_oasdiff_documents() -> None:
    documented = {rule for _, rule, level, *_ in ROWS if not level.startswith("none")}
    assert len(documented) >= 60


@pytest.mark.parametrize("row", [row for row in ROWS if BOUND.match(row[1])])
def test_reverting_a_narrowing_widens(row: tuple[str, ...]) -> None:
    place, _, level, old, new = row
    [back] = compared(place, new, old)
    # Two different patterns, or two different steps, don't cover each other.
    either = "changed" in back.rule
    assert back.breaking == (either or not breaks(level))


@EACH_ROW
def test_a_document_differs_from_itself_in_nothing(
    place: str, rule: str, level: str, old: str, new: str
) -> None:
    assert compared(place, old, old) == compared(place, new, new) == []


def _operations(said: Node) -> Iterator[tuple[set[Place], Node]]:
    """Yield a document of each operation alone, and the places in it that describe the operation.

    The rest is equal before and after a change in these places, and comparing it would take most of
    the time.
    """
    for path, item in said["paths"].items():
        for method in METHODS & item.keys():
            places: set[Place] = {pointer(name) for name in references(said, item[method])}
            alone = {**said, "paths": {path: {method: item[method]}}}
            yield places | {("paths", path, method)}, alone


@pytest.mark.long
def test_every_mutation_of_our_document_is_reported(
    proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations = list(_operations(proof.root))
    read = {id(said): resolve_references(said) for _, said in [*operations, ((), proof.root)]}
    monkeypatch.setattr(
        "api.contract.changes.document.resolve_references",
        lambda said: read.get(id(said)) or resolve_references(said),
    )
    for mutant in mutants(proof.root):
        concerned = (said for places, said in operations if mutant.target[:3] in places)
        said = next(concerned, proof.root)
        changed = replaced(said, mutant.target, mutant.new)
        assert document_changes(said, changed), mutant
