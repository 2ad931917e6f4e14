"""Whether each line of a document is needed: every mutant of it must be refuted.

A mutant has one line that is stricter, looser or different. A recorded exchange that violates the
mutant refutes it. No response violates a mutant that only allows more responses. Such a mutant
counts as refuted, because no recorded response needs what it adds. A mutant that allows more
requests must be violated, because the service refuses those requests, and tests record that.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..places import pointer, references
from ..readings import Node, Place
from .changes import Direction
from .document import Document
from .equivalence import mean_the_same
from .exchanges import Exchange
from .flows import Flows
from .mutants import Mutant, left_out, mutants
from .references import operations, requests
from .request_rules import parameter_texts
from .rules import Half, contradictions
from .unjudged import NotJudged

ResponseKey = tuple[str, str, str]
"""The path template and method of a request, and the status of its response."""

_HALVES: dict[Any, Half] = {
    "parameters": "request",
    "requestBodies": "request",
    "requestBody": "request",
    "security": "request",
    "securitySchemes": "request",
    "headers": "response",
    "links": "response",
    "responses": "response",
}
"""By the parts of a document: which half of an exchange they describe."""


@dataclass
class Verdict:
    """The mutants by result; each refuted one with the test whose exchange refutes it, or ""."""

    refuted: list[tuple[Mutant, str]] = field(default_factory=list)
    equivalent: list[Mutant] = field(default_factory=list)
    survivors: list[Mutant] = field(default_factory=list)
    not_judged: list[NotJudged] = field(default_factory=list)

    @property
    def lines(self) -> set[Place]:
        return {m.line for m, _ in self.refuted} | self.unproven

    @property
    def unproven(self) -> set[Place]:
        return {mutant.line for mutant in self.survivors}

    def __str__(self) -> str:
        proven = len(self.lines - self.unproven)
        return f"exactness: {proven} of {len(self.lines)} lines proven"


class Exactness:
    """A document, and the recorded exchanges, none of which violates it."""

    def __init__(self, document: Document, exchanges: Iterable[Exchange]) -> None:
        self.document, self.root = document, document.root
        kept = list(exchanges)
        self._exchanges: dict[ResponseKey, list[Exchange]] = {}
        for exchange in kept:
            self._exchanges.setdefault(self._key(exchange), []).append(exchange)
        self._refuting: dict[tuple[Place, Direction], ResponseKey] = {}
        self._keys: dict[Place, list[ResponseKey]] = {}
        for key in self._exchanges:
            for place in {("paths", key[0]), *self._components(*key)}:
                self._keys.setdefault(place, []).append(key)
        self._of_requests = _places(self.root, list(requests(self.root)))
        responses = [operation.get("responses") for operation in operations(self.root)]
        self._of_responses = _places(self.root, responses)
        self._flows = Flows(document, kept)

    def _key(self, exchange: Exchange) -> ResponseKey:
        found = self.document.match_path(exchange.path, exchange.method)
        operation = found and self.document.operation(found[0], exchange.method)
        if not found or not operation:
            return found[0] if found else "", exchange.method.lower(), str(exchange.status)
        status, _ = operation.response(exchange.status) or (str(exchange.status), None)
        return found[0], operation.method.lower(), status

    def _components(self, path: str, method: str, status: str) -> set[Place]:
        """Return the components that describe such a request and its response."""
        item = self.document.follow(("paths", path))[1]
        operation = item.get(method, {})
        request = {name: node for name, node in operation.items() if name != "responses"}
        response = operation.get("responses", {}).get(status, {})
        security: Any = request.get("security", self.root.get("security", []))
        schemes = {("securitySchemes", name) for one in security for name in one}
        return _places(self.root, [item.get("parameters"), request, response]) | schemes

    def judge(self, concerns: Callable[[Place], bool] = lambda _: True) -> Verdict:
        """Judge each mutant whose line is of concern."""
        verdict = Verdict(not_judged=left_out(self.root))
        # Where one mutant of a line is equivalent, others may be too. To compare the schemas takes
        # less long than to try all exchanges.
        compared_first: set[tuple[Place, Direction]] = set()
        for mutant in mutants(self.root):
            alike = mutant.line, mutant.direction
            if not concerns(mutant.line):
                continue
            if alike in compared_first and _is_equivalent(mutant):
                verdict.equivalent.append(mutant)
            elif (recorded_by := self._refuted_by(mutant)) is not None:
                verdict.refuted.append((mutant, recorded_by))
            elif _is_equivalent(mutant):
                verdict.equivalent.append(mutant)
                compared_first.add(alike)
            else:
                verdict.survivors.append(mutant)
        return verdict

    def _refuted_by(self, mutant: Mutant) -> str | None:
        """Return the test whose exchange refutes the mutant, "" if none needs to, None if none."""
        line = mutant.line
        if mutant.direction == "looser" and not self._is_of_requests(mutant):
            return ""
        document = self.document.changed(mutant.root)
        if "links" in line[3:6:2] and any(self._flows.contradictions(document)):
            return "the requests to created resources"
        # A refused request (4xx) can violate a looser mutant, an accepted one (2xx) a stricter one.
        likely, alike = "24"[mutant.direction == "looser"], (line, mutant.direction)
        first, keys, half = self._refuting.get(alike), self._described_by(line), self._half(line)
        for key in sorted(keys, key=lambda k: (k != first, k[2][0] != likely)):
            exchanges = self._exchanges[key]
            self._drop_unchanged_headers(document, *key)
            for i, exchange in enumerate(exchanges):
                if any(contradictions(document, exchange, half)):
                    # Go on from here with the next mutant, as tests go from character to character.
                    self._exchanges[key] = [*exchanges[i:], *exchanges[:i]]
                    self._refuting[alike] = key
                    return exchange.recorded_by
        return self._effect(line, keys)

    def _half(self, line: Place) -> Half | None:
        """Return which half of an exchange the line describes, None if it may be both."""
        if line[:2] == ("components", "schemas"):
            if line[1:3] not in self._of_requests:
                return "response"
            return None if line[1:3] in self._of_responses else "request"
        if line[3:4] == ("responses",) and not line[5:]:
            return None  # A request is judged by which statuses are declared.
        return next((_HALVES[name] for name in line[1:4] if name in _HALVES), None)

    def _drop_unchanged_headers(
        self, mutant: Document, path: str, method: str, status: str
    ) -> None:
        """Drop the headers of a mutant's response that the document has too: exchanges fit them."""
        both = (each.operation(path, method.upper()) for each in (self.document, mutant))
        declared, mutated = (each.responses.get(status) if each else None for each in both)
        if declared and mutated:
            headers = declared.headers
            mutated.headers = {n: h for n, h in mutated.headers.items() if h != headers.get(n)}

    def _effect(self, line: Place, keys: list[ResponseKey]) -> str | None:
        """Return the test that recorded an effect of the parameter that this line declares.

        Some parameters refuse nothing, such as `If-None-Match`. Such a parameter counts as needed
        if a status, as 304, was recorded with it and never without it, though there are accepted
        requests without it.
        """
        above = line[:-1] if line[-1] in ("name", "in") else line
        if above[-2:-1] != ("parameters",):
            return None
        parameter = self.document.follow(above)[1]
        known = [
            (key, exchange, bool(parameter and parameter_texts(parameter, {}, exchange)))
            for key in keys
            for exchange in self._exchanges[key]
        ]
        without = {key for key, _, has in known if not has}
        if not any(key[2][0] in "23" for key in without):
            return None
        return next((e.recorded_by for key, e, has in known if has and key not in without), None)

    def _is_of_requests(self, mutant: Mutant) -> bool:
        """Return whether the mutant changes which requests are valid."""
        line = mutant.line
        if mutant.change.endswith("added, optional"):
            return False
        if line[0] == "components":
            return line[1:3] in self._of_requests or line[1] in ("parameters", "requestBodies")
        for place in line[:4], line[:5]:
            if place[-2:-1] == ("parameters",):
                return self.document.follow(place)[1].get("in") != "path"
        return line[3:4] != ("responses",)

    def _described_by(self, line: Place) -> list[ResponseKey]:
        """Return the keys of the requests and responses that the line describes."""
        if line[0] == "components":
            return self._keys.get(line[1:3], [])
        if line[0] != "paths":
            return [*self._exchanges]
        keys, (method, status) = self._keys.get(line[:2], []), (line[2:3], line[4:5])
        if method and method != ("parameters",):
            keys = [key for key in keys if key[1:2] == method]
        if status and line[3] == "responses":
            keys = [key for key in keys if key[2:3] == status]
        return keys


def _is_equivalent(mutant: Mutant) -> bool:
    return mutant.is_of_schema and mean_the_same(mutant.old, mutant.new)


def _places(root: Node, node: Any) -> set[Place]:
    """Return the places within `components` of all that the node refers to."""
    return {pointer(reference)[1:3] for reference in references(root, node)}
