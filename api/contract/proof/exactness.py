"""Whether each line of a document is needed: made one notch different, it is refuted.

A mutant is refuted by an exchange that contradicts it. One that lets an answer be *more* than the
document at hand does can't be contradicted by any answer; it is refuted by the one at hand, which
is a notch stricter and has held for all that was seen: nobody saw what the mutant adds. So of
answers the stricter and the different ones must be contradicted; of requests all, for what is
refused is seen too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .changes import Direction, Place
from .document import METHODS, Document, at, pointer, references
from .equivalence import mean_the_same
from .exchanges import Exchange
from .flows import Flows
from .mutants import Mutant, Said, mutants
from .rules import ASPECTS, contradictions

Settled = dict[bytes, str | None]
"""The keys of mutants that don't survive, with who saw what refutes one; None if it means the same.
"""
Asked = tuple[str, str, str]
"""Path and method of a request, and the status of its answer."""


@dataclass
class Verdict:
    """What became of the mutants: those refuted with who saw it, where somebody had to."""

    refuted: list[tuple[Mutant, str]] = field(default_factory=list)
    equivalent: list[Mutant] = field(default_factory=list)
    survivors: list[Mutant] = field(default_factory=list)

    @property
    def lines(self) -> set[Place]:
        return {m.line for m, _ in self.refuted} | self.unproven

    @property
    def settled(self) -> Settled:
        refuted: Settled = {mutant.key: recorded_by for mutant, recorded_by in self.refuted}
        return refuted | {mutant.key: None for mutant in self.equivalent}

    @property
    def unproven(self) -> set[Place]:
        return {mutant.line for mutant in self.survivors}

    def __str__(self) -> str:
        proven = len(self.lines - self.unproven)
        return f"exactness: {proven} of {len(self.lines)} lines proven"

    @property
    def figures(self) -> str:
        """How many mutants there were, and what became of them."""
        contradicted = sum(bool(recorded_by) for _, recorded_by in self.refuted)
        found = {
            "contradicted": contradicted,
            "promise what nobody saw": len(self.refuted) - contradicted,
            "mean the same": len(self.equivalent),
            "survive": len(self.survivors),
        }
        parts = ", ".join(f"{number} {what}" for what, number in found.items())
        return f"{sum(found.values())} mutants: {parts}"


class Exactness:
    """The document with all that was seen of it, which contradicts nothing of it."""

    def __init__(self, said: Said, exchanges: Iterable[Exchange]) -> None:
        self.said, self.document = said, Document(said)
        kept = list(exchanges)
        self._seen: dict[Asked, list[Exchange]] = {}
        for exchange in kept:
            self._seen.setdefault(self._asked(exchange), []).append(exchange)
        self._refuting: dict[tuple[Place, Direction], Asked] = {}
        self._used = {asked: set(self._components(*asked)) for asked in self._seen}
        self._of_requests = {
            component
            for path, item in said["paths"].items()
            for method in METHODS & item.keys()
            for part in ("parameters", "requestBody")
            for component in _components(said, item[method].get(part, {}))
        }
        self._flows = Flows(self.document, kept)

    def _asked(self, exchange: Exchange) -> Asked:
        found = self.document.address(exchange.path)
        method = "get" if exchange.method == "HEAD" else exchange.method.lower()
        return found[0] if found else "", method, str(exchange.status)

    def _components(self, path: str, method: str, status: str) -> Iterator[Place]:
        """The components that a request and its reply are described by."""
        operation = self.said["paths"].get(path, {}).get(method, {})
        asked = {name: node for name, node in operation.items() if name != "responses"}
        reply = operation.get("responses", {}).get(status, {})
        yield from _components(self.said, [asked, reply])
        yield from (("securitySchemes", n) for one in asked.get("security", []) for n in one)

    def judge(self, known: Settled | None = None, part: int = 0, parts: int = 1) -> Verdict:
        """Try each mutant of the document, or one of so many parts of them.

        Further exchanges refute further mutants, so what is `known` of a mutant from some of the
        exchanges holds for all of them.
        """
        verdict, known = Verdict(), known or {}
        for mutant in list(mutants(self.said))[part::parts]:
            key = mutant.key
            recorded_by = known[key] if key in known else self._refuted_by(mutant)
            if recorded_by is not None:
                verdict.refuted.append((mutant, recorded_by))
            elif key in known or (mutant.is_of_schema and mean_the_same(mutant.old, mutant.new)):
                verdict.equivalent.append(mutant)
            else:
                verdict.survivors.append(mutant)
        return verdict

    def _refuted_by(self, mutant: Mutant) -> str | None:
        """Who saw what refutes the mutant; "" where it is that nobody saw what it adds."""
        if mutant.direction == "looser" and not self._is_of_requests(mutant):
            return ""
        document = Document(mutant.said)
        if "links" in mutant.line and any(self._flows.contradictions(document)):
            return "what was created, and what was asked with it"
        aspects = self._aspects(mutant.line)
        # What allows more is contradicted by a refusal, what allows less by what was accepted.
        likely, alike = "24"[mutant.direction == "looser"], (mutant.line, mutant.direction)
        first = self._refuting.get(alike)
        for asked in sorted(self._seen, key=lambda a: (a != first, a[2][0] != likely)):
            exchanges = self._seen[asked] if self._bears_on(mutant.line, asked) else []
            for i, exchange in enumerate(exchanges):
                if any(contradictions(document, exchange, aspects)):
                    # It will refute the like of it too: from now on it is asked first.
                    exchanges.insert(0, exchanges.pop(i))
                    self._refuting[alike] = asked
                    return exchange.recorded_by
        return None

    def _is_of_requests(self, mutant: Mutant) -> bool:
        """Whether it is about what may be asked: what may not be is refused, and that is seen."""
        line = mutant.line
        if "if wished" in mutant.change:
            return False
        if line[0] == "components":
            return line[1:3] in self._of_requests
        if line[3:4] == ("parameters",):
            return bool(at(self.said, line[:5])["in"] != "path")
        return "responses" not in line

    def _bears_on(self, line: Place, asked: Asked) -> bool:
        """Whether the line says something of how this was asked and answered."""
        path, method, status = asked
        if line[0] == "components":
            return line[1:3] in self._used[asked]
        whole = ("paths", path, method, *line[3:4], *([status] if "responses" in line else []))
        return line[0] != "paths" or whole[: len(line)] == line[: len(whole)]

    def _aspects(self, line: Place) -> frozenset[str]:
        """Which rules look at the line."""
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


def _components(said: Said, node: Any) -> Iterator[Place]:
    return (pointer(reference)[1:] for reference in references(said, node))
