"""What a document promises, and what of it was seen: answers, and the boundaries of requests."""

from collections.abc import Iterator
from typing import NamedTuple

from .boundaries import Field, fields
from .document import Document
from .exchanges import Exchange


class Promise(NamedTuple):
    """One thing that the document says will happen: in an answer, or to a field of a request."""

    operation: str
    where: str
    what: str

    def __str__(self) -> str:
        return ", ".join(part for part in self if part)


class Coverage:
    """Which promises were seen, each with who saw it first."""

    def __init__(self, document: Document) -> None:
        self.document = document
        # Of each operation the fields, each with its boundaries that weren't seen yet.
        self._fields: dict[tuple[str, str], list[tuple[Field, set[str]]]] = {}
        for field in fields(document):
            at = (field.operation.path, field.operation.method)
            self._fields.setdefault(at, []).append((field, set(field.claims())))
        promises = dict.fromkeys([*self._answers(), *self._boundaries()])
        order = [operation.id for operation in document.operations()]
        self.promises = sorted(promises, key=lambda promise: order.index(promise.operation))
        self.seen: dict[Promise, str] = {}

    def _answers(self) -> Iterator[Promise]:
        """Each operation's statuses, with each representation and each header."""
        for operation in self.document.operations():
            for status, answer in operation.answers.items():
                for media_type in answer.content or [""]:
                    for header in ["", *answer.headers]:
                        yield Promise(operation.id, f"{status} {media_type}".strip(), header)

    def _boundaries(self) -> Iterator[Promise]:
        for known in self._fields.values():
            for field, _ in known:
                for claim in field.claims():
                    yield Promise(field.operation.id, f"{field.encoding} {field.name}", claim)

    def look(self, exchange: Exchange) -> None:
        """Note what the exchange shows; it contradicts nothing of the document."""
        found = self.document.address(exchange.path)
        operation = found and self.document.operation(found[0], exchange.method)
        if not operation or exchange.method == "HEAD":
            return
        if exchange.status not in operation.answers:
            return  # It isn't the operation's own: the request was no good HTTP.
        where = f"{exchange.status} {exchange.media_type}".strip()
        for header in ["", *operation.answers[exchange.status].headers]:
            if not header or header in exchange.received:
                self._note(Promise(operation.id, where, header), exchange)
        for field, unseen in self._fields.get((operation.path, operation.method), []):
            for claim in field.seen(exchange, found[1] if found else {}) if unseen else ():
                where = f"{field.encoding} {field.name}"
                self._note(Promise(operation.id, where, claim), exchange)
                unseen.discard(claim)

    def _note(self, promise: Promise, exchange: Exchange) -> None:
        self.seen.setdefault(promise, exchange.recorded_by)

    @property
    def missing(self) -> list[Promise]:
        return [promise for promise in self.promises if promise not in self.seen]

    def __str__(self) -> str:
        seen = len(self.promises) - len(self.missing)
        return f"contract: {seen} of {len(self.promises)} promises seen"
