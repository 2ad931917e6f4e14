"""The proof of one document: every exchange fits it, and all of them show that it is needed."""

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from time import monotonic

import yaml

from .coverage import Coverage
from .document import Document
from .exactness import Exactness, Settled, Verdict
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
        self.file, self.said = file, yaml.safe_load(file.read_text(encoding="utf-8"))
        self.document = Document(self.said)
        self.exchanges: list[Exchange] = []
        self.settled: Settled = {}
        self.seconds = 0.0  # The duration of the verdict.
        self._undocumented = re.compile(undocumented)

    def keep(self, exchange: Exchange) -> None:
        """Keep the exchange. Raises `Contradiction` if it violates the document."""
        if not self.document.address(exchange.path) and self._undocumented.fullmatch(exchange.path):
            return
        if violations := list(contradictions(self.document, exchange)):
            raise Contradiction(f"{exchange.method} {exchange.path}: {'; '.join(violations)}")
        self.exchanges.append(exchange)

    def settle(self, part: int, parts: int) -> None:
        """Try one of so many parts of the mutants on the exchanges of this process."""
        self.settled = Exactness(self.said, self.exchanges).judge(part=part, parts=parts).settled

    @cached_property
    def coverage(self) -> Coverage:
        """The coverage by all exchanges. Read this after the last one."""
        coverage = Coverage(self.document)
        for exchange in self.exchanges:
            coverage.look(exchange)
        return coverage

    @cached_property
    def verdict(self) -> Verdict:
        """The lines that all exchanges prove. Read this after the last one."""
        started = monotonic()
        verdict = Exactness(self.said, self.exchanges).judge(self.settled)
        self.seconds = monotonic() - started
        return verdict

    @property
    def holds(self) -> bool:
        return not any(self.missing())

    def missing(self) -> Iterator[str]:
        """Yield what no exchange shows, and the lines that no exchange proves."""
        for promise in self.coverage.missing:
            yield f"never seen: {promise}"
        yield from Flows(self.document, self.exchanges).contradictions(self.document)
        known = lines(self.file)
        numbers = {line.place: line.number for line in known}
        for mutant in self.verdict.survivors:
            place = " / ".join(map(str, mutant.line))
            yield f"{self.file.name}:{numbers[mutant.line]}: {place} could be: {mutant.change}"
        looked_at = {numbers[place] for place in self.verdict.lines}
        for line in filter(is_normative, known):
            if line.number not in looked_at:
                yield f"{self.file.name}:{line.number}: no way is known to change this line"

    def report(self, folder: Path) -> None:
        """Write the proof to the folder, as HTML."""
        folder.mkdir(parents=True, exist_ok=True)
        written = page(self.file, self.coverage, self.verdict)
        (folder / f"{self.file.stem}.html").write_text(written, encoding="utf-8")
