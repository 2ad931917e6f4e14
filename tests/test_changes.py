"""Which change of a contract breaks a client: held to the rules that oasdiff documents."""

import re

import pytest

from api.contract.changes.document import document_changes
from api.contract.changes.reader import whole
from api.contract.proof.mutants import mutants
from api.contract.proof.proof import Proof
from tests.changing import breaks, compared, rows

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
def test_what_narrows_widens_when_it_is_taken_back(row: tuple[str, ...]) -> None:
    place, _, level, old, new = row
    [back] = compared(place, new, old)
    # Of two patterns and of two steps neither takes all that the other does.
    either = "changed" in back.rule
    assert back.breaking == (either or not breaks(level))


@EACH_ROW
def test_a_document_differs_from_itself_in_nothing(
    place: str, rule: str, level: str, old: str, new: str
) -> None:
    assert compared(place, old, old) == compared(place, new, new) == []


@pytest.mark.long
def test_no_notch_of_our_own_document_passes_in_silence(
    proof: Proof, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = whole(proof.said)  # Once, as it is the same each time.
    monkeypatch.setattr(
        "api.contract.changes.document.whole",
        lambda said: ours if said is proof.said else whole(said),
    )
    silent = [m for m in mutants(proof.said) if not document_changes(proof.said, m.said)]
    assert not silent
