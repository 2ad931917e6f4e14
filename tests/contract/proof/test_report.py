"""The reports show each line of the document with its state and the tests that recorded it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.contract.proof import proof as proof_module
from api.contract.proof.configuration import Configuration
from api.contract.proof.proof import Proof
from api.contract.proof.report import write_reports
from api.contract.proof.unjudged import NotJudged
from tests.contract.small_document import DOCUMENT, TRAFFIC

Reported = Callable[..., dict[str, Any]]


@pytest.fixture
def reported(tmp_path: Path) -> Reported:
    def reported(*, operation: str = "", exactly: bool = True, **options: Any) -> dict[str, Any]:
        """Write the reports without the first and the last exchange, and return the one in JSON."""
        file = tmp_path / "small.yaml"
        file.write_text(yaml.safe_dump(DOCUMENT, sort_keys=False))
        proof = Proof(Configuration(file, strict=True, **options))
        proof.operation, proof.exactly = operation, exactly
        for exchange in TRAFFIC[1:-1]:
            proof.keep(exchange)
        write_reports(tmp_path, proof, "partial: 1 of 2 tests ran")
        found: dict[str, Any] = json.loads((tmp_path / "small.json").read_text())
        return found

    return reported


def line(found: dict[str, Any], *texts: str) -> Any:
    """Return the line with the last of these texts, which come in this order."""
    rows = iter(found["lines"])
    return [next(row for row in rows if row["text"].strip() == text) for text in texts][-1]


def test_each_line_has_a_state_and_its_tests(reported: Reported) -> None:
    found = reported()
    assert "".join(f"{row['text']}\n" for row in found["lines"]) == yaml.safe_dump(
        DOCUMENT, sort_keys=False
    )
    proven = line(found, "/notes:", "'415':")
    assert (proven["state"], proven["tests"]) == ("proven", ["someone"])
    missing = line(found, "maxLength: 3")
    assert missing["state"] == "missing" and missing["notes"] == ["survives: maxLength: 2"]
    field = line(found, "/notes/{id}:", "- in: path")
    assert field["state"] == "missing" and field["notes"] == ["missing: path id one more"]
    assert line(found, "info:")["state"] == "plain"


def test_without_exactness_lines_are_seen_at_most(reported: Reported) -> None:
    found = reported(exactly=False)
    assert line(found, "/notes:", "'415':")["state"] == "seen"
    assert {row["state"] for row in found["lines"]} == {"plain", "seen", "missing"}
    assert "lines" not in found["figures"] and len(found["summary"]) == 1


def test_what_is_excused_not_judged_or_loose_is_shown(
    reported: Reported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose, other = ("paths", "/notes/{id}", "get", "responses", "404"), ("info", "title")
    monkeypatch.setattr(proof_module, "looseness", lambda _: [NotJudged(loose, "no content")])
    monkeypatch.setattr(
        "api.contract.proof.document.Document.not_judged", lambda _: [NotJudged(other, "<titles>")]
    )
    found = reported(excused={"readNote, path id": "None is left."}, exactly=False)
    states = {
        "loose": line(found, "/notes/{id}:", "'404':"),
        "not judged": line(found, "title: Notes"),
        "excused": line(found, "/notes/{id}:", "- in: path"),
    }
    assert {state: row["state"] for state, row in states.items()} == {s: s for s in states}
    assert states["loose"]["notes"] == ["loose: no content"]
    assert states["excused"]["notes"] == ["excused: path id one more None is left."]
    assert found["figures"]["fields"] == {"shown": 12, "total": 14, "excused": 1}
    page = (tmp_path / "small.html").read_text()
    assert "not judged: &lt;titles&gt;" in page and "<tr class=not-judged>" in page


def test_the_page_has_a_matrix_of_operations_and_statuses(
    reported: Reported, tmp_path: Path
) -> None:
    reported()
    page = (tmp_path / "small.html").read_text()
    assert "<tr><th></th><th>200</th><th>201</th><th>400</th><th>404</th><th>415</th></tr>" in page
    left, seen = '<div class=seen title="someone">application/json</div>', "<th>leaveNote</th><td>"
    assert f"{seen}</td><td>{left}</td>" in page
    assert "partial: 1 of 2 tests ran" in page


def test_the_summary_is_in_markdown(reported: Reported, tmp_path: Path) -> None:
    found = reported()
    missing, lines = found["missing"], found["figures"]["lines"]
    summary = (tmp_path / "small.md").read_text()
    assert summary.startswith("## Contract small.yaml\n\npartial: 1 of 2 tests ran\n")
    assert "| fields | 12 | 14 | 0 |\n" in summary
    assert f"| lines | {lines['shown']} | {lines['total']} | 0 |\n" in summary
    assert lines["shown"] < lines["total"]
    assert missing and all(f"- `{text}`\n" in summary for text in missing)


def test_a_report_on_one_operation_has_its_lines_and_no_others(reported: Reported) -> None:
    found = reported(operation="readNote")
    texts = [row["text"].strip() for row in found["lines"]]
    assert "operationId: readNote" in texts and "operationId: leaveNote" not in texts
    assert "Note:" in texts and "NewNote:" not in texts
    assert {promise["operation"] for promise in found["promises"]} == {"readNote"}
