"""Coverage of a document: its promises about responses and fields, and the tests that saw them."""

from collections.abc import Iterator
from itertools import chain
from string import digits
from typing import NamedTuple

from .boundaries import Field, fields
from .document import DeclaredResponse, Document, Operation, media_key
from .exchanges import Exchange
from .request_rules import has_any
from .unjudged import NotJudged

KINDS = ("responses", "headers", "fields")
"""The kinds of promises."""

_OF_CREDENTIALS = {"401", "403"}
"""The statuses that refuse credentials (RFC 9110, sections 15.5.2 and 15.5.4)."""


class Promise(NamedTuple):
    """A declared response (with one of its headers), or a boundary of a field in requests.

    `where` is the status and media type, or the encoding and the field, or "credentials"; `what` is
    the header, the boundary, or how credentials are refused.
    """

    operation: str
    where: str
    what: str

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        if not self.where.startswith((*digits, "default")):
            return "fields"
        return "headers" if self.what else "responses"

    def __str__(self) -> str:
        return ", ".join(part for part in self if part)


class Coverage:
    """The document's promises. `seen` has the first test that recorded each."""

    def __init__(self, document: Document) -> None:
        self.document = document
        # By path and method: each field, with the boundaries that no test has recorded yet.
        self._fields: dict[tuple[str, str], list[tuple[Field, set[str]]]] = {}
        promises: dict[str, list[Promise]] = {
            o.id: [*_responses(o), *_refused_credentials(o)] for o in document.operations()
        }
        not_judged: list[NotJudged] = []
        for field in fields(document):
            operation, boundaries = field.operation, dict.fromkeys(field.boundaries())
            of_operation = self._fields.setdefault((operation.path, operation.method), [])
            of_operation.append((field, set(boundaries)))
            found = (Promise(operation.id, field.where, boundary) for boundary in boundaries)
            promises[operation.id] += found
            not_judged += field.not_judged()
        self.promises = list(dict.fromkeys(chain.from_iterable(promises.values())))
        self.seen: dict[Promise, str] = {}
        self.not_judged = list(dict.fromkeys(not_judged))

    def add(self, exchange: Exchange) -> None:
        """Note the promises that the exchange shows. It must not violate the document."""
        found = self.document.match_path(exchange.path, exchange.method)
        operation = found and self.document.operation(found[0], exchange.method)
        if not found or not operation or exchange.method == "HEAD":
            return
        if (declared := operation.response(exchange.status)) is None:
            return  # The request was malformed HTTP, so that no operation handled it.
        status, response = declared
        media_type = media_key(_media_types(status, response), exchange.media_type) or ""
        for header in ["", *response.headers]:
            if not header or header in exchange.received:
                promise = Promise(operation.id, f"{status} {media_type}".strip(), header)
                self._note(promise, exchange)
        if status in _OF_CREDENTIALS:
            given = "wrong" if has_any(operation, exchange) else "absent"
            for promise in _refused_credentials(operation):
                if promise.what == given:
                    self._note(promise, exchange)
        for field, unseen in self._fields.get((operation.path, operation.method), []):
            for boundary in unseen & {*field.proven(exchange, found[1])} if unseen else ():
                self._note(Promise(operation.id, field.where, boundary), exchange)
                unseen.discard(boundary)

    def _note(self, promise: Promise, exchange: Exchange) -> None:
        self.seen.setdefault(promise, exchange.recorded_by)

    @property
    def missing(self) -> list[Promise]:
        return [promise for promise in self.promises if promise not in self.seen]

    def __str__(self) -> str:
        seen = len(self.promises) - len(self.missing)
        return f"contract: {seen} of {len(self.promises)} promises seen"


def _refused_credentials(operation: Operation) -> Iterator[Promise]:
    """Yield which credentials the operation refuses, if it declares a refusal."""
    if operation.security and not _OF_CREDENTIALS.isdisjoint(operation.responses):
        for what in ["wrong"] if operation.allows_anonymous else ["absent", "wrong"]:
            yield Promise(operation.id, "credentials", what)


def _media_types(status: str, response: DeclaredResponse) -> list[str]:
    """Return the media types of the response. 204 and 304 have none (RFC 9110, section 6.4.1)."""
    return [] if status in ("204", "304") else list(response.content)


def _responses(operation: Operation) -> Iterator[Promise]:
    """Yield each status of the operation, with each media type and each header."""
    for status, response in operation.responses.items():
        for media_type in _media_types(status, response) or [""]:
            for header in ["", *response.headers]:
                yield Promise(operation.id, f"{status} {media_type}".strip(), header)
