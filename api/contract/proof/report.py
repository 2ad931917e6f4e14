"""Reports on a document: HTML and JSON with its lines, and a summary in Markdown."""

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from ..readings import Place
from .coverage import Promise
from .proof import Proof

_STYLE = """
body { font: 15px/1.4 sans-serif; margin: 2em auto; max-width: 90em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-bottom: 2em }
td, th { border-bottom: 1px solid #ddd; padding: .15em .6em; text-align: left }
td { vertical-align: top; overflow-wrap: anywhere }
pre, .code { font: 13px/1.35 monospace; white-space: pre-wrap; margin: 0 }
.code td:first-child { width: 3em } .plain { color: #777 }
.missing { background: #fdd } .loose { background: #fec } .not-judged { background: #ddf }
.excused { background: #eee } .proven { background: #cfc } .seen { background: #efe }
"""
STATES = ("missing", "not judged", "loose", "excused", "proven", "seen", "plain")
"""The states of a line. Of several, the first one counts."""
MOST_LINES = 60
"""The summaries list so many missing promises and lines."""


def write_reports(folder: Path, proof: Proof, state: str = "") -> None:
    """Write the reports on the document to the folder."""
    found: dict[str, Any] = {
        "document": proof.file.name,
        "tests": state or "all tests ran",
        "summary": [str(proof.coverage), *([str(proof.verdict)] if proof.exactly else [])],
        "figures": {kind: figure._asdict() for kind, figure in proof.figures().items()},
        "contradictions": proof.causes(),
        "missing": list(proof.missing()),
        "promises": [_promise(proof, promise) for promise in proof.coverage.promises],
    }
    found["lines"] = list(_lines(proof, found["promises"]))
    texts = {"json": json.dumps(found, indent=1), "html": _page(found), "md": _summary(found)}
    folder.mkdir(parents=True, exist_ok=True)
    for kind, text in texts.items():
        (folder / f"{proof.file.stem}.{kind}").write_text(text, encoding="utf-8")


def _promise(proof: Proof, promise: Promise) -> dict[str, Any]:
    """Return the promise with its line, its state, and the first test that recorded it."""
    test, state = proof.coverage.seen.get(promise), "seen"
    if test is None:
        state = "excused" if proof.reason(promise) else "missing"
    return {
        **promise._asdict(),
        "kind": promise.kind,
        "line": proof.number(_place(proof, promise)),
        "state": state,
        "reason": proof.reason(promise),
        "test": _without_parameters(test or ""),
    }


def _place(proof: Proof, promise: Promise) -> Place:
    operation = proof.operations[promise.operation]
    first, _, rest = promise.where.partition(" ")
    if promise.kind == "fields":
        body = (*operation.place, "requestBody", "content", first)
        named = {(p["in"], p["name"]): p for p in operation.parameters}
        parameter = named.get((first, rest))
        return operation.parameter_place(parameter) if parameter else body
    place = (*operation.place, "responses", first)
    if promise.kind == "headers":
        return (*place, "headers", promise.what)
    return (*place, "content", rest) if rest else place


def _marks(proof: Proof, promises: list[dict[str, Any]]) -> Iterator[tuple[int, str, str, str]]:
    """Yield the number and state of a line, with a note or the test that recorded it."""
    for promise in promises:
        name = " ".join(filter(None, [promise["where"], promise["what"], promise["reason"]]))
        note = "" if promise["state"] == "seen" else f"{promise['state']}: {name}"
        yield promise["line"], promise["state"], note, promise["test"]
    for place, what in proof.not_judged():
        yield proof.number(place), "not judged", f"not judged: {what}", ""
    for place, what in proof.loose():
        yield proof.number(place), "loose", f"loose: {what}", ""
    if proof.exactly:
        for mutant, recorded_by in proof.verdict.refuted:
            yield proof.number(mutant.line), "proven", "", _without_parameters(recorded_by)
        for mutant in proof.verdict.survivors:
            yield proof.number(mutant.line), "missing", f"survives: {mutant.change}", ""
        for line in proof.unmutated:
            yield line.number, "missing", "no mutation changes this line", ""


def _lines(proof: Proof, promises: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each line of the file with its state, notes, and the tests that recorded it."""
    texts = proof.file.read_text(encoding="utf-8").splitlines()
    rows: list[dict[str, Any]] = [
        {"number": number, "text": text, "state": "plain", "notes": {}, "tests": {}}
        for number, text in enumerate(texts, 1)
    ]
    for number, state, note, test in _marks(proof, promises):
        row = rows[number - 1]
        row["state"] = min(row["state"], state, key=STATES.index)
        row["notes"] |= {note: None} if note else {}
        row["tests"] |= {test: None} if test else {}
    reported = {line.number for line in proof.lines}
    for row in rows:
        if not proof.operation or row["number"] in reported:
            yield {**row, "notes": list(row["notes"]), "tests": list(row["tests"])}


def _page(found: dict[str, Any]) -> str:
    title = f"Contract {escape(found['document'])}"
    said = "<br>".join(map(escape, [found["tests"], *found["summary"], *found["contradictions"]]))
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><meta charset="utf-8"><title>{title}</title>',
            f"<style>{_STYLE}</style><h1>{title}</h1><p>{said}</p>",
            f"<table>{''.join(_matrix(found['promises']))}</table>",
            f"<p>{' '.join(f'<span class={_class(state)}>{state}</span>' for state in STATES)}</p>",
            "<table class=code>",
            *map(_row, found["lines"]),
            "</table></html>",
        ]
    )


def _matrix(promises: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a row for each operation, with the representations by status."""
    cells: dict[str, dict[str, str]] = {}
    for promise in promises:
        if promise["kind"] == "responses":
            status, _, media_type = promise["where"].partition(" ")
            row = cells.setdefault(promise["operation"], {})
            title, text = escape(promise["test"]), escape(media_type or "no content")
            row[status] = (
                row.get(status, "") + f'<div class={promise["state"]} title="{title}">{text}</div>'
            )
    statuses = sorted({status for row in cells.values() for status in row})
    yield f"<tr><th></th>{''.join(f'<th>{status}</th>' for status in statuses)}</tr>"
    for operation, row in cells.items():
        of_status = "".join(f"<td>{row.get(status, '')}</td>" for status in statuses)
        yield f"<tr><th>{escape(operation)}</th>{of_status}</tr>"


def _row(line: dict[str, Any]) -> str:
    said = "<br>".join(map(escape, [*line["notes"], *line["tests"]]))
    cells = f"<td>{line['number']}</td><td><pre>{escape(line['text'])}</pre></td><td>{said}</td>"
    return f"<tr class={_class(line['state'])}>{cells}</tr>"


def _class(state: str) -> str:
    return state.replace(" ", "-")


def _summary(found: dict[str, Any]) -> str:
    """Return the summary in Markdown."""
    lines = [f"## Contract {found['document']}", "", found["tests"], ""]
    lines += ["| | shown | of | excused |", "|---|--:|--:|--:|"]
    for kind, figure in found["figures"].items():
        lines.append(f"| {' | '.join(map(str, [kind, *figure.values()]))} |")
    lines += ["", *(f"- `{text.strip()}`" for text in found["contradictions"])]
    missing = found["missing"]
    rest = len(missing[MOST_LINES:])
    more = [f"- and {rest} more, which the JSON report has"] if rest else []
    return "\n".join([*lines, "", *(f"- `{text}`" for text in missing[:MOST_LINES]), *more, ""])


def _without_parameters(recorded_by: str) -> str:
    """Return a test's name without its parameters, which may be secrets."""
    return recorded_by.partition("[")[0]
