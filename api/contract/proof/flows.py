"""Links: whether declared links work, and whether working links are declared."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .document import Document, pointer
from .exchanges import Exchange

_BODY = "$response.body#"


class Flow(NamedTuple):
    """A value of a response with which a request to another operation succeeded."""

    operation: str
    status: int
    expression: str
    target: str
    parameter: str

    def __str__(self) -> str:
        start, to = f"{self.operation}, {self.status}", f"{self.target}'s {self.parameter}"
        return f"the link from {start}, {self.expression}, to {to}"


class Flows:
    """The created resources, and the parameters of successful requests."""

    def __init__(self, document: Document, exchanges: Iterable[Exchange]) -> None:
        self._created: dict[tuple[str, int], list[Any]] = {}
        self._path_values: dict[tuple[str, str], set[str]] = {}
        for exchange in exchanges:
            found = document.match_path(exchange.path)
            operation = found and document.operation(found[0], exchange.method)
            if not found or not operation or not exchange.accepted or exchange.method == "HEAD":
                continue
            for name, text in found[1].items():
                self._path_values.setdefault((operation.id, name), set()).add(text)
            if exchange.media_type.endswith("json"):
                key = operation.id, exchange.status
                self._created.setdefault(key, []).append(exchange.decoded_content)
        self.followed = set(self._followed())

    def _followed(self) -> Iterator[Flow]:
        """Yield each member of a 201 that a request used as the path parameter of the same name."""
        for (operation, status), bodies in self._created.items():
            if status == 201:
                for target, parameter in self._path_values:
                    flow = Flow(operation, status, f"{_BODY}/{parameter}", target, parameter)
                    if any(self._was_followed(flow, body) for body in bodies):
                        yield flow

    def _was_followed(self, flow: Flow, body: Any) -> bool:
        for name in pointer(flow.expression.removeprefix(_BODY).removeprefix("/")):
            if not isinstance(body, Mapping) or name not in body:
                return False
            body = body[name]
        return str(body) in self._path_values.get((flow.target, flow.parameter), set())

    def contradictions(self, document: Document) -> Iterator[str]:
        """Yield links that were never followed, and followed ones that aren't declared."""
        named = {flow for operation in document.operations() for flow in _links(operation)}
        for flow in named - self.followed:
            if not any(self._was_followed(flow, b) for b in self._created.get(flow[:2], [])):
                yield f"{flow} was never followed"
        for flow in self.followed - named:
            yield f"{flow} was followed and isn't declared"


def _links(operation: Any) -> Iterator[Flow]:
    for status, response in operation.responses.items():
        for link in response.links.values():
            for name, expression in link["parameters"].items():
                yield Flow(operation.id, status, expression, link["operationId"], name)
