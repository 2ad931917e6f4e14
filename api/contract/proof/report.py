"""The proof as an HTML page, with the coverage and every line of the document."""

from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from .coverage import Coverage, Promise
from .exactness import Verdict
from .lines import lines

_STYLE = """
body { font: 15px/1.4 sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222 }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-bottom: 2em }
caption { text-align: left; font-weight: bold }
td, th { border-bottom: 1px solid #ddd; padding: .15em .6em; text-align: left }
td { vertical-align: top; overflow-wrap: anywhere }
pre, .code { font: 13px/1.35 monospace; white-space: pre-wrap; margin: 0 }
.code td:first-child { width: 2em } .bad { background: #fdd } .plain { color: #777 }
"""


_NO_TEST = "no test"


def page(file: Path, coverage: Coverage, verdict: Verdict) -> str:
    """Return the report on the document in `file`, as HTML."""
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><meta charset="utf-8"><title>Proof of {escape(file.name)}</title>',
            f"<style>{_STYLE}</style>",
            f"<h1>Proof of {escape(file.name)}</h1>",
            f"<p>{coverage}.<br>{verdict}: {verdict.figures}.</p>",
            "<h2>Promises</h2>",
            *_promises(coverage),
            "<h2>Lines</h2>",
            "<p>After each line: how many mutations of it are refuted, and the first test that ",
            "refutes one. Grey lines don't restrict requests or responses.</p>",
            *_lines(file, verdict),
            "</html>",
        ]
    )


def _promises(coverage: Coverage) -> Iterator[str]:
    """Yield a table for each operation. Promises that the same test recorded share a row."""

    def witness(promise: Promise) -> tuple[str, str]:
        return promise.where, _test(coverage.seen.get(promise, _NO_TEST))

    for operation, promises in groupby(coverage.promises, key=lambda promise: promise.operation):
        yield f"<table><caption>{escape(operation)}</caption>"
        yield "<tr><th>where</th><th>what</th><th>recorded by</th></tr>"
        for (where, recorded_by), grouped in groupby(promises, key=witness):
            what = ", ".join(promise.what or "the response itself" for promise in grouped)
            unseen = " class=bad" if recorded_by == _NO_TEST else ""
            yield f"<tr{unseen}>{_cells([where, what, recorded_by])}</tr>"
        yield "</table>"


def _lines(file: Path, verdict: Verdict) -> Iterator[str]:
    numbers = {line.place: line.number for line in lines(file)}
    refuted: dict[int, list[str]] = {}
    for mutant, recorded_by in verdict.refuted:
        refuted.setdefault(numbers[mutant.line], []).append(recorded_by)
    survived: dict[int, list[str]] = {}
    for mutant in verdict.survivors:
        survived.setdefault(numbers[mutant.line], []).append(mutant.change)
    yield "<table class=code>"
    for number, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        by = refuted.get(number, [])
        first = _test(next(filter(None, by), ""))
        results = f"{len(by)} refuted <small>{escape(first)}</small>" if by else ""
        results += "".join(f"<br>survives: {escape(change)}" for change in survived.get(number, []))
        kind = "bad" if number in survived else "" if by else "plain"
        yield (
            f'<tr class="{kind}"><td>{number}</td><td><pre>{escape(text)}</pre></td>'
            f"<td>{results}</td></tr>"
        )
    yield "</table>"


def _test(recorded_by: str) -> str:
    """Return a test's name without its parameters, which may be secrets."""
    return recorded_by.partition("[")[0]


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"<td>{escape(text)}</td>" for text in texts)
