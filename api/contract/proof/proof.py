"""The proof of a document: no exchange violates it, and its every line is needed."""

import pickle
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from threading import Lock
from typing import NamedTuple

from ..places import part_at, pointer, references
from ..readings import Place
from .configuration import Configuration, read_document
from .coverage import KINDS, Coverage, Promise
from .document import Document
from .exactness import Exactness, Verdict
from .exchanges import Exchange
from .flows import Flows
from .lines import Line, is_normative, lines
from .looseness import looseness
from .rules import contradictions
from .unjudged import NotJudged

_MOST_CHANGES = 3
Group = tuple[str, str, int, str]
"""The path template, method, status and test of exchanges."""


class Contradiction(AssertionError):
    """An exchange that violates the document."""


class Figure(NamedTuple):
    """How many promises or lines were shown. The excused ones weren't shown."""

    shown: int
    total: int
    excused: int = 0

    @property
    def percent(self) -> float:
        needed = self.total - self.excused
        return 100 * self.shown / needed if needed else 100


class Proof:
    """The document of a configuration, and the exchanges that were recorded.

    Exchanges with an undocumented path are ignored, if the document doesn't have it.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.file, self.excused = configuration.document, configuration.excused
        self.root = read_document(self.file)
        self.document = Document(
            self.root, configuration.refuses_valid, is_strict=configuration.is_strict
        )
        self.operations = {operation.id: operation for operation in self.document.operations()}
        self.operation = ""  # If given, the coverage and the verdict are of this one alone.
        self.exactly = True  # Whether lines are proven too.
        self.recorded, self._lock = 0, Lock()
        self._undocumented = [re.compile(pattern) for pattern in configuration.undocumented]
        self._most = configuration.kept
        self._kept: dict[int, Exchange] = {}  # By their numbers.
        self._first, self._last = Counter[Group](), defaultdict[Group, deque[int]](deque)
        self._received: list[Exchange] = []
        self.contradictions = Counter[tuple[str, str]]()  # By the cause and the test.

    def concerns(self, path: str, method: str = "") -> bool:
        """Return whether exchanges with this path are judged."""
        is_undocumented = any(each.fullmatch(path) for each in self._undocumented)
        return bool(self.document.match_path(path, method)) or not is_undocumented

    def judge(self, exchange: Exchange, *, counts: bool = False) -> None:
        """Raise `Contradiction` if the exchange violates the document."""
        if violations := list(contradictions(self.document, exchange)):
            said = [f"{self.locate(violation.place)}: {violation}" for violation in violations]
            for each in violations if counts else []:
                cause = f"{self.locate(each.place)}: {each.cause}"
                self.contradictions[cause, exchange.recorded_by] += 1
            seen = f"  Seen: {exchange.method} {exchange.path} got {exchange.status}."
            to_do = "  Change the app, or the document if the response is right."
            raise Contradiction("\n".join([*said, seen, to_do]))

    def keep(self, exchange: Exchange) -> None:
        """Judge the exchange, and keep it. Raises `Contradiction` if it violates the document.

        Of the exchanges of a test with the same path, method and status that show no further
        promise, the first and the last ones are kept, because the bounds of a loop are its ends.
        """
        if not self.concerns(exchange.path, exchange.method):
            return
        with self._lock:  # A test may send requests in several threads.
            self.recorded += 1
            self.judge(exchange, counts=True)
            self._keep(exchange)

    def _keep(self, exchange: Exchange) -> None:
        path, _ = self.document.match_path(exchange.path, exchange.method) or ("", {})
        group = path, exchange.method, exchange.status, exchange.recorded_by
        before = len(self.coverage.seen)
        self.coverage.add(exchange)
        self._kept[self.recorded] = exchange
        if len(self.coverage.seen) > before or self._first[group] < (self._most + 1) // 2:
            self._first[group] += 1
            return
        self._last[group].append(self.recorded)
        if len(self._last[group]) > self._most // 2:
            del self._kept[self._last[group].popleft()]

    @property
    def exchanges(self) -> list[Exchange]:
        """The exchanges that are kept, here and in the processes that delivered theirs."""
        return [*self._received, *self._kept.values()]

    def deliver(self) -> bytes:
        """Return what the proof of another process needs from this one."""
        shown = self.exchanges, self.coverage.seen, self.recorded
        ignored = self.document.valid_refused, self.document.undeclared_content
        return pickle.dumps((*shown, *ignored, self.contradictions))

    def receive(self, delivered: bytes) -> None:
        """Add what the proof of another process delivered."""
        received = pickle.loads(delivered)  # noqa: S301
        exchanges, seen, recorded, refused, undeclared, found = received
        self.contradictions += found
        self.document.valid_refused |= refused
        self.document.undeclared_content |= undeclared
        self._received += exchanges
        self.coverage.seen = seen | self.coverage.seen
        self.recorded += recorded

    @cached_property
    def coverage(self) -> Coverage:
        """The coverage by all exchanges so far."""
        coverage = Coverage(self.document)
        if self.operation:
            of = [promise for promise in coverage.promises if promise.operation == self.operation]
            coverage.promises = of
        return coverage

    @cached_property
    def verdict(self) -> Verdict:
        """The lines that all exchanges prove. Read this after the last one."""
        return Exactness(self.document, self.exchanges).judge(self.reports)

    @cached_property
    def _reported(self) -> set[Place]:
        place = self.operations[self.operation].place
        used = references(self.root, part_at(self.root, place))
        return {place, *(pointer(reference) for reference in used)}

    def reports(self, place: Place) -> bool:
        """Return whether the reports have this part of the document."""
        return not self.operation or place[:3] in self._reported

    @cached_property
    def lines(self) -> list[Line]:
        return [line for line in lines(self.file) if self.reports(line.place)]

    @cached_property
    def _numbers(self) -> dict[Place, int]:
        return {line.place: line.number for line in lines(self.file)}

    def number(self, place: Place) -> int:
        """Return the line of this part of the document, or of the nearest part that has it."""
        while place and place not in self._numbers:
            place = place[:-1]
        return self._numbers.get(place, 1)

    def locate(self, place: Place) -> str:
        return f"{self.file.name}:{self.number(place)}"

    def figures(self) -> dict[str, Figure]:
        """Return the figure of each kind of promise, and of the lines."""
        found = {}
        by_kind: dict[str, list[Promise]] = {kind: [] for kind in KINDS}
        for promise in self.coverage.promises:
            by_kind[promise.kind].append(promise)
        for kind, promises in by_kind.items():
            seen = sum(promise in self.coverage.seen for promise in promises)
            found[kind] = Figure(seen, len(promises), sum(map(self.is_excused, promises)))
        if self.exactly:  # A wrong link counts as a line that isn't proven.
            proven = len(self.verdict.lines - self.verdict.unproven)
            others = len(self.unmutated) + len(self._wrong_links)
            found["lines"] = Figure(proven, len(self.verdict.lines) + others)
        return found

    def reason(self, promise: Promise) -> str:
        """Return why tests needn't see the promise, "" if they must."""
        return next((why for key, why in self.excused.items() if _covers(key, promise)), "")

    def is_excused(self, promise: Promise) -> bool:
        """Return whether the promise wasn't seen, and needn't be."""
        return promise not in self.coverage.seen and bool(self.reason(promise))

    def mistakes(self) -> Iterator[str]:
        """Yield keys of the configuration that name no operation or promise."""
        reasons = {"excused": self.excused, "refuses_valid": self.document.refuses_valid}
        for name, key in [(name, key) for name, keys in reasons.items() for key in keys]:
            if key.partition(",")[0] not in self.operations:
                yield f'{name}, "{key}": use one of the operations {", ".join(self.operations)}.'
        promises = Coverage(self.document).promises if self.excused else []
        for key in self.excused:
            if not any(_covers(key, promise) for promise in promises):
                yield f'excused, "{key}": the document has no such promise. Remove the key.'

    def needlessly_excused(self) -> Iterator[str]:
        """Yield each key of `excused` whose promises were all seen."""
        for key in self.excused:
            promises = [p for p in self.coverage.promises if _covers(key, p)]
            if promises and not any(map(self.is_excused, promises)):
                yield f'excused, "{key}": the tests have seen it. Remove the key.'

    def causes(self) -> list[str]:
        """Return the causes of contradictions, the most frequent first, after their figures."""
        causes = Counter(cause for cause, _ in self.contradictions.elements()).most_common()
        tests = len({test for _, test in self.contradictions if test})
        said = f"contradictions: {len(causes)} (in {tests} test{'s' * (tests != 1)})"
        lines = [f"  {cause} ({n} exchange{'s' * (n > 1)})" for cause, n in causes]
        return [said, *lines] if causes else []

    def missing(self) -> Iterator[str]:
        """Yield promises that no test recorded, wrong links, and lines that no exchange proves."""
        missing = [promise for promise in self.coverage.missing if not self.is_excused(promise)]
        for where, promises in groupby(missing, key=lambda promise: promise[:2]):
            names = [promise.what for promise in promises]
            what = [] if "" in names else ["; ".join(names)]  # Unseen responses have no headers.
            yield f"never seen: {', '.join([*where, *what])}"
        if not self.exactly:
            return
        yield from self._wrong_links
        changes: dict[Place, list[str]] = {}
        for mutant in self.verdict.survivors:
            changes.setdefault(mutant.line, []).append(mutant.change)
        for place, found in changes.items():
            more = [f"and {len(found) - _MOST_CHANGES} more"] if found[_MOST_CHANGES:] else []
            could = "; ".join([*found[:_MOST_CHANGES], *more])
            yield f"{self.locate(place)}: {' / '.join(map(str, place))} could be: {could}"
        for line in self.unmutated:
            yield f"{self.file.name}:{line.number}: no mutation changes this line"

    @cached_property
    def _wrong_links(self) -> list[str]:
        """The wrong links, unless one operation is reported: its links need requests to others."""
        if self.operation:
            return []
        return list(Flows(self.document, self.exchanges).contradictions(self.document))

    @cached_property
    def unmutated(self) -> list[Line]:
        """The normative lines that no mutation changes, unless they aren't judged."""
        mutated = {self.number(place) for place in self.verdict.lines}
        left_out = {place for place, _ in self.not_judged()}
        return [
            line
            for line in filter(is_normative, self.lines)
            if line.number not in mutated
            and not any(line.place[:n] in left_out for n in range(len(line.place) + 1))
        ]

    def not_judged(self) -> list[NotJudged]:
        """Return the features of the document that the proof leaves out."""
        found = [*self.document.not_judged(), *self.coverage.not_judged]
        found += self.verdict.not_judged if self.exactly else []
        return [one for one in dict.fromkeys(found) if self.reports(one.place)]

    def loose(self) -> list[NotJudged]:
        """Return the parts of the document that allow more than they need."""
        places = sorted(self.document.undeclared_content, key=str)
        found = [*looseness(self.root), *(NotJudged(p, "undeclared content") for p in places)]
        return [one for one in found if self.reports(one.place)]


def _covers(key: str, promise: Promise) -> bool:
    return f"{promise},".startswith((f"{key},", f"{key} "))
