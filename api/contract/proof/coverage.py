"""Coverage of a document: its promises about responses and fields, and the tests that saw them."""

from collections.abc import Iterator
from typing import NamedTuple

from .boundaries import Field, fields
from .document import Document
from .exchanges import Exchange


class Promise(NamedTuple):
    """A declared response (with one of its headers), or a boundary of a field in requests.

    `where` is the status and media type, or the encoding and the field; `what` is the header or the
    boundary.
    """

    operation: str
    where: str
    what: str

    def __str__(self) -> str:
        return ", ".join(part for part in self if part)


class Coverage:
    """The document's promises. `seen` has the first test that recorded each."""

    def __init__(self, document: Document) -> None:
        self.document = document
        # By path and method: each field, with the boundaries that no test has recorded yet.
        self._fields: dict[tuple[str, str], list[tuple[Field, set[str]]]] = {}
        for field in fields(document):
            key = (field.operation.path, field.operation.method)
            self._fields.setdefault(key, []).append((field, set(field.boundaries())))
        promises = dict.fromkeys([*self._responses(), *self._boundaries()])
        order = [operation.id for operation in document.operations()]
        self.promises = sorted(promises, key=lambda promise: order.index(promise.operation))
        self.seen: dict[Promise, str] = {}

    def _responses(self) -> Iterator[Promise]:
        """Yield each status of each operation, with each media type and each header."""
        for operation in self.document.operations():
            for status, response in operation.responses.items():
                for media_type in response.content or [""]:
                    for header in ["", *response.headers]:
                        yield Promise(operation.id, f"{status} {media_type}".strip(), header)

    def _boundaries(self) -> Iterator[Promise]:
        for of_operation in self._fields.values():
            for field, _ in of_operation:
                for boundary in field.boundaries():
                    yield Promise(field.operation.id, f"{field.encoding} {field.name}", boundary)

    def add(self, exchange: Exchange) -> None:
        """Note the promises that the exchange shows. It must not violate the document."""
        found = self.document.match_path(exchange.path)
        operation = found and self.document.operation(found[0], exchange.method)
        if not operation or exchange.method == "HEAD":
            return
        if exchange.status not in operation.responses:
            return  # The request was malformed HTTP, so that no operation handled it.
        where = f"{exchange.status} {exchange.media_type}".strip()
        for header in ["", *operation.responses[exchange.status].headers]:
            if not header or header in exchange.received:
                self._note(Promise(operation.id, where, header), exchange)
        for field, unseen in self._fields.get((operation.path, operation.method), []):
            for boundary in field.proven(exchange, found[1] if found else {}) if unseen else ():
                where = f"{field.encoding} {field.name}"
                self._note(Promise(operation.id, where, boundary), exchange)
                unseen.discard(boundary)

    def _note(self, promise: Promise, exchange: Exchange) -> None:
        self.seen.setdefault(promise, exchange.recorded_by)

    @property
    def missing(self) -> list[Promise]:
        return [promise for promise in self.promises if promise not in self.seen]

    def __str__(self) -> str:
        seen = len(self.promises) - len(self.missing)
        return f"contract: {seen} of {len(self.promises)} promises seen"
