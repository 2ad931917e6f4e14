"""The proof of a document: no exchange violates it, and its every line is needed."""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from time import monotonic

import yaml

from .coverage import Coverage
from .document import Document
from .exactness import Exactness, Results, Verdict
from .exchanges import Exchange
from .flows import Flows
from .lines import is_normative, lines
from .report import page
from .rules import contradictions


class Contradiction(AssertionError):
    """An exchange that violates the document."""


class Proof:
    """The document in a YAML file, and the exchanges that were recorded.

    Exchanges with a path that matches `undocumented` are ignored, if the document doesn't have it.
    """

    def __init__(self, file: Path, undocumented: str = "") -> None:
        self.file, self.root = file, yaml.safe_load(file.read_text(encoding="utf-8"))
        self.document = Document(self.root)
        self.exchanges: list[Exchange] = []
        self.results: Results = {}
        self.seconds = 0.0  # The duration of the verdict.
        self._undocumented = re.compile(undocumented)

    def keep(self, exchange: Exchange) -> None:
        """Keep the exchange. Raises `Contradiction` if it violates the document."""
        path = exchange.path
        if not self.document.match_path(path) and self._undocumented.fullmatch(path):
            return
        if violations := list(contradictions(self.document, exchange)):
            raise Contradiction(f"{exchange.method} {path}: {'; '.join(map(str, violations))}")
        self.exchanges.append(exchange)

    def judge_part(self, part: int, parts: int) -> None:
        """Judge every mutant of one of `parts` parts by the exchanges of this process."""
        exactness = Exactness(self.document, self.exchanges)
        self.results = exactness.judge(part=part, parts=parts).results

    @cached_property
    def coverage(self) -> Coverage:
        """The coverage by all exchanges. Read this after the last one."""
        coverage = Coverage(self.document)
        for exchange in self.exchanges:
            coverage.add(exchange)
        return coverage

    @cached_property
    def verdict(self) -> Verdict:
        """The lines that all exchanges prove. Read this after the last one."""
        started = monotonic()
        verdict = Exactness(self.document, self.exchanges).judge(self.results)
        self.seconds = monotonic() - started
        return verdict

    @property
    def holds(self) -> bool:
        return not any(self.missing())

    def missing(self) -> Iterator[str]:
        """Yield promises that no test recorded, wrong links, and lines that no exchange proves."""
        for promise in self.coverage.missing:
            yield f"never seen: {promise}"
        yield from Flows(self.document, self.exchanges).contradictions(self.document)
        all_lines = lines(self.file)
        numbers = {line.place: line.number for line in all_lines}
        for mutant in self.verdict.survivors:
            place = " / ".join(map(str, mutant.line))
            yield f"{self.file.name}:{numbers[mutant.line]}: {place} could be: {mutant.change}"
        mutated = {numbers[place] for place in self.verdict.lines}
        for line in filter(is_normative, all_lines):
            if line.number not in mutated:
                yield f"{self.file.name}:{line.number}: no mutation changes this line"

    def report(self, folder: Path) -> None:
        """Write the proof to the folder, as HTML."""
        folder.mkdir(parents=True, exist_ok=True)
        written = page(self.file, self.coverage, self.verdict)
        (folder / f"{self.file.stem}.html").write_text(written, encoding="utf-8")
