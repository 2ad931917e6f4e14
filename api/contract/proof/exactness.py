"""Whether each line of a document is needed: every mutant of it must be refuted.

A mutant has one line that is stricter, looser or different. A recorded exchange that violates the
mutant refutes it. No response violates a mutant that only allows more responses. Such a mutant
counts as refuted, because no recorded response needs what it adds. A mutant that allows more
requests must be violated, because the service refuses those requests, and tests record that.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .changes import Direction, Place
from .document import METHODS, Document, Node, part_at, pointer, references
from .equivalence import mean_the_same
from .exchanges import Exchange
from .flows import Flows
from .mutants import Mutant, mutants
from .rules import ASPECTS, contradictions

Results = dict[bytes, str | None]
"""By the keys of mutants that don't survive: the test whose exchange refutes the mutant, "" if none
needs to, None if the mutant is equivalent to the document."""
ResponseKey = tuple[str, str, str]
"""The path template and method of a request, and the status of its response."""


@dataclass
class Verdict:
    """The mutants by result; each refuted one with the test whose exchange refutes it, or ""."""

    refuted: list[tuple[Mutant, str]] = field(default_factory=list)
    equivalent: list[Mutant] = field(default_factory=list)
    survivors: list[Mutant] = field(default_factory=list)

    @property
    def lines(self) -> set[Place]:
        return {m.line for m, _ in self.refuted} | self.unproven

    @property
    def results(self) -> Results:
        refuted: Results = {mutant.key: recorded_by for mutant, recorded_by in self.refuted}
        return refuted | {mutant.key: None for mutant in self.equivalent}

    @property
    def unproven(self) -> set[Place]:
        return {mutant.line for mutant in self.survivors}

    def __str__(self) -> str:
        proven = len(self.lines - self.unproven)
        return f"exactness: {proven} of {len(self.lines)} lines proven"

    @property
    def figures(self) -> str:
        """The number of mutants, in total and by result."""
        violated = sum(bool(recorded_by) for _, recorded_by in self.refuted)
        found = {
            "violated by an exchange": violated,
            "allowing responses that no test recorded": len(self.refuted) - violated,
            "equivalent": len(self.equivalent),
            "surviving": len(self.survivors),
        }
        parts = ", ".join(f"{number} {result}" for result, number in found.items())
        return f"{sum(found.values())} mutants: {parts}"


class Exactness:
    """A document, and the recorded exchanges, none of which violates it."""

    def __init__(self, root: Node, exchanges: Iterable[Exchange]) -> None:
        self.root, self.document = root, Document(root)
        kept = list(exchanges)
        self._exchanges: dict[ResponseKey, list[Exchange]] = {}
        for exchange in kept:
            self._exchanges.setdefault(self._key(exchange), []).append(exchange)
        self._refuting: dict[tuple[Place, Direction], ResponseKey] = {}
        self._used = {key: set(self._components(*key)) for key in self._exchanges}
        self._of_requests = {
            component
            for path, item in root["paths"].items()
            for method in METHODS & item.keys()
            for part in ("parameters", "requestBody")
            for component in _components(root, item[method].get(part, {}))
        }
        self._flows = Flows(self.document, kept)

    def _key(self, exchange: Exchange) -> ResponseKey:
        found = self.document.match_path(exchange.path)
        method = "get" if exchange.method == "HEAD" else exchange.method.lower()
        return found[0] if found else "", method, str(exchange.status)

    def _components(self, path: str, method: str, status: str) -> Iterator[Place]:
        """Yield the components that describe such a request and its response."""
        operation = self.root["paths"].get(path, {}).get(method, {})
        request = {name: node for name, node in operation.items() if name != "responses"}
        response = operation.get("responses", {}).get(status, {})
        yield from _components(self.root, [request, response])
        yield from (("securitySchemes", n) for one in request.get("security", []) for n in one)

    def judge(self, results: Results | None = None, part: int = 0, parts: int = 1) -> Verdict:
        """Judge each mutant of the document, or every mutant of one of `parts` parts.

        `results` are taken over. They may come from some of the exchanges, because a mutant that
        some exchanges refute is refuted by all of them.
        """
        verdict, results = Verdict(), results or {}
        for mutant in list(mutants(self.root))[part::parts]:
            key = mutant.key
            recorded_by = results[key] if key in results else self._refuted_by(mutant)
            if recorded_by is not None:
                verdict.refuted.append((mutant, recorded_by))
            elif key in results or (mutant.is_of_schema and mean_the_same(mutant.old, mutant.new)):
                verdict.equivalent.append(mutant)
            else:
                verdict.survivors.append(mutant)
        return verdict

    def _refuted_by(self, mutant: Mutant) -> str | None:
        """Return the test whose exchange refutes the mutant, "" if none needs to, None if none."""
        if mutant.direction == "looser" and not self._is_of_requests(mutant):
            return ""
        document = self.document.changed(mutant.root)
        if "links" in mutant.line and any(self._flows.contradictions(document)):
            return "the requests to created resources"
        aspects = self._aspects(mutant.line)
        # A refused request (4xx) can violate a looser mutant, an accepted one (2xx) a stricter one.
        likely, alike = "24"[mutant.direction == "looser"], (mutant.line, mutant.direction)
        first = self._refuting.get(alike)
        for key in sorted(self._exchanges, key=lambda k: (k != first, k[2][0] != likely)):
            exchanges = self._exchanges[key] if self._describes(mutant.line, key) else []
            for i, exchange in enumerate(exchanges):
                if any(contradictions(document, exchange, aspects)):
                    # Try this exchange first from now on: it likely violates similar mutants too.
                    exchanges.insert(0, exchanges.pop(i))
                    self._refuting[alike] = key
                    return exchange.recorded_by
        return None

    def _is_of_requests(self, mutant: Mutant) -> bool:
        """Return whether the mutant changes which requests are valid."""
        line = mutant.line
        if "optional" in mutant.change:
            return False
        if line[0] == "components":
            return line[1:3] in self._of_requests
        if line[3:4] == ("parameters",):
            return bool(part_at(self.root, line[:5])["in"] != "path")
        return "responses" not in line

    def _describes(self, line: Place, key: ResponseKey) -> bool:
        """Return whether the line describes such requests or responses."""
        path, method, status = key
        if line[0] == "components":
            return line[1:3] in self._used[key]
        whole = ("paths", path, method, *line[3:4], *([status] if "responses" in line else []))
        return line[0] != "paths" or whole[: len(line)] == line[: len(whole)]

    def _aspects(self, line: Place) -> frozenset[str]:
        """Return the aspects of an exchange that can violate the line."""
        if line[:2] == ("components", "headers") or line[5:6] == ("headers",):
            return frozenset({"headers"})
        if line[5:6] == ("content",):
            return frozenset({"content"})
        if line[3:4] in {("parameters",), ("requestBody",)}:
            return frozenset({"request"})
        if line[:2] == ("components", "schemas"):
            of_requests = line[1:3] in self._of_requests
            return ASPECTS - {"headers"} if of_requests else frozenset({"content"})
        return ASPECTS


def _components(root: Node, node: Any) -> Iterator[Place]:
    return (pointer(reference)[1:] for reference in references(root, node))
