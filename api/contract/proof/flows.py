"""Links: whether declared links work, and whether working links are declared.

A request follows a link if a path parameter of it has a value that an earlier response of the same
test had. Values may be equal by chance, so one counts only if

- the client didn't send it itself, under the same name, in the request that created it,
- no response of another operation in that test created the same value, and
- it has at least eight characters, or two different values were used in the same way.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from .document import Document, Operation
from .exchanges import Exchange, Form, Unreadable
from .values import is_json

_BODY = "$response.body#"
_UNLIKELY = 8
"""The length from which on a value isn't equal to another one by chance."""


class Flow(NamedTuple):
    """A value of a response with which a request to another operation succeeded."""

    operation: str
    status: str
    expression: str
    target: str
    parameter: str

    def __str__(self) -> str:
        start, to = f"{self.operation}, {self.status}", f"{self.target}'s {self.parameter}"
        return f"the link from {start}, {self.expression}, to {to}"


Source = tuple[str, str, str]
"""The operation, the status and the expression of a value."""


class Flows:
    """The values of responses with which later requests of the same test succeeded."""

    def __init__(self, document: Document, exchanges: Iterable[Exchange]) -> None:
        used: dict[Flow, set[str]] = {}
        sources: dict[tuple[str, str], set[Source]] = {}  # By test and value.
        for exchange in exchanges:
            found = document.match_path(exchange.path, exchange.method)
            operation = found and document.operation(found[0], exchange.method)
            if not found or not operation or not exchange.accepted or exchange.method == "HEAD":
                continue
            for name, text in found[1].items():
                for source in _created(sources.get((exchange.recorded_by, text), set())):
                    if source[0] != operation.id:
                        used.setdefault(Flow(*source, operation.id, name), set()).add(text)
            sent = {*found[1].items(), *_sent(exchange)}
            for expression, text in _values(exchange):
                if (expression.rpartition("/")[2], text) not in sent:
                    source = operation.id, str(exchange.status), expression
                    sources.setdefault((exchange.recorded_by, text), set()).add(source)
        self.followed = {
            flow
            for flow, texts in used.items()
            if len(texts) > 1 or any(len(text) >= _UNLIKELY for text in texts)
        }

    def contradictions(self, document: Document) -> Iterator[str]:
        """Yield links that were never followed, and followed ones that aren't declared."""
        named = {flow for operation in document.operations() for flow in _links(operation)}
        for flow in named - self.followed:
            yield f"{flow} was never followed: create two in a test, and follow both links"
        for flow in self.followed - named:
            if flow.status == "201":
                yield f"{flow} was followed and isn't declared"


def _created(sources: set[Source]) -> set[Source]:
    """Return the sources, without any that another operation created."""
    creating = {operation for operation, status, _ in sources if status == "201"}
    return {source for source in sources if source[1] != "201" or len(creating) == 1}


def _sent(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield the names and values in the request's body."""
    with suppress(Unreadable):
        body = exchange.read()
        values = dict(body.fields) if isinstance(body, Form) else body.value
        yield from ((place.rpartition("/")[2], text) for place, text in _scalars(values, ""))


def _values(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield the values of the response's content, each with its expression."""
    with suppress(ValueError):
        content = exchange.decoded_content if is_json(exchange.media_type) else None
        yield from _scalars(content, _BODY)


def _scalars(node: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            yield from _scalars(value, f"{place}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, str | int) and not isinstance(node, bool):
        yield place, str(node)


def _links(operation: Operation) -> Iterator[Flow]:
    for status, response in operation.responses.items():
        for link in response.links.values():
            for name, expression in link.get("parameters", {}).items():
                if "operationId" in link and str(expression).startswith(_BODY):
                    parameter = name.removeprefix("path.")
                    yield Flow(operation.id, status, expression, link["operationId"], parameter)
