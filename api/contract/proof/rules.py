"""How an exchange can violate a document: the rules of schemathesis, and more.

A response must be as declared, a valid request must not be refused as invalid, and an invalid
request must not be accepted.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .changes import Place
from .document import DeclaredResponse, Document, Operation, fits, from_text
from .exchanges import Exchange
from .request_rules import has_any, parameter_fault, request_faults

# OpenAPI documents don't declare these headers, which HTTP itself needs in any response.
_FRAMING = {"content-type", "content-length", "transfer-encoding", "connection", "date", "server"}

# A server may return these to any malformed request (RFC 9110, section 15).
_OF_ANY_REQUEST = {400, 414, 417, 431, 501}

# A name of labels or an address (RFC 1034, section 3.1; RFC 3986, section 3.2.2).
_LABEL = r"[\w~%-]{1,63}"
_HOST = re.compile(rf"({_LABEL}([.]{_LABEL})*|\[[0-9a-fA-F]*:[0-9a-fA-F:.]+\])(:\d*)?", re.ASCII)


ASPECTS = frozenset({"headers", "content", "request"})


class Violation(NamedTuple):
    """A part of the document that an exchange violates, and what is wrong."""

    place: Place
    text: str

    def __str__(self) -> str:
        return self.text


def contradictions(
    document: Document, exchange: Exchange, aspects: frozenset[str] = ASPECTS
) -> Iterator[Violation]:
    """Yield what in these `aspects` of the exchange violates the document."""
    found = document.match_path(exchange.path)
    if found is None:
        if exchange.status not in _OF_ANY_REQUEST | {404}:
            text = f"{exchange.path} isn't declared, but gets {exchange.status}"
            yield Violation(("paths",), text)
        return
    path, texts = found
    operation = document.operation(path, exchange.method)
    if operation is None:
        for text in _other_method(document, path, texts, exchange):
            yield Violation(("paths", path), text)
        return
    declared = operation.responses.get(exchange.status)
    if declared is None:
        if exchange.status in _OF_ANY_REQUEST and not is_well_formed(exchange):
            return  # The request is malformed HTTP.
        text = f"{operation.id}: {exchange.status} isn't declared"
        yield Violation((*operation.place, "responses"), text)
        return
    violations = {
        "headers": _headers(declared, exchange),
        "content": _content(declared, exchange),
        "request": _request(operation, declared, texts, exchange),
    }
    for aspect in aspects:
        for place, text in violations[aspect]:
            yield Violation(place, f"{operation.id}, {exchange.status}: {text}")


def _other_method(
    document: Document, path: str, texts: dict[str, str], exchange: Exchange
) -> Iterator[str]:
    has_allow = exchange.status == 405 or (exchange.method == "OPTIONS" and exchange.accepted)
    operations = (document.operation(path, method) for method in document.methods(path))
    parameters = [p for o in operations if o for p in o.parameters if p["in"] == "path"]
    is_other_path = any(parameter_fault(parameter, texts, exchange) for parameter in parameters)
    if not has_allow and exchange.status not in _OF_ANY_REQUEST | (
        {404} if is_other_path else set()
    ):
        yield f"{exchange.method} {path} isn't declared, but gets {exchange.status}"
    if has_allow:
        methods = document.methods(path) | {"OPTIONS"}
        methods |= {"HEAD"} if "GET" in methods else set()
        if set(exchange.received.get("Allow", "").split(", ")) != methods:
            yield f"Allow is {exchange.received.get('Allow')}, not {sorted(methods)}"


def _headers(declared: DeclaredResponse, exchange: Exchange) -> Iterator[tuple[Place, str]]:
    for name, header in declared.headers.items():
        place = (*declared.place, "headers", name)
        values = exchange.received_values.get(name.lower(), [])
        if len(values) > 1 or (header.get("required") and not values):
            yield place, f"{name} occurs {len(values)} times"
        for value in values:
            read = from_text(header["schema"], value)
            # An integer is written in digits (RFC 9110, section 10.2.3).
            is_loose = header["schema"].get("type") == "integer" and not isinstance(read, int)
            if is_loose or not fits(header["schema"], read):
                yield place, f"{name}: {value!r} isn't as declared"
    for name, values in exchange.received_values.items():
        if name in _FRAMING and len(values) > 1:
            yield declared.place, f"{name} occurs {len(values)} times"
        elif name not in declared.header_names | _FRAMING:
            yield declared.place, f"{name} isn't declared"


def _content(declared: DeclaredResponse, exchange: Exchange) -> Iterator[tuple[Place, str]]:
    if exchange.method == "HEAD" or not declared.content:
        if exchange.content:
            yield declared.place, "there is content"
        if exchange.media_type and exchange.media_type not in declared.content:
            yield declared.place, f"{exchange.media_type} isn't declared"
    elif exchange.media_type not in declared.content:
        yield declared.place, f"{exchange.media_type or 'no media type'} isn't declared"
    else:
        place = (*declared.place, "content", exchange.media_type)
        try:
            if not fits(declared.content[exchange.media_type], exchange.decoded_content):
                yield place, f"the content isn't as declared: {exchange.content[:200]!r}"
        except ValueError as error:
            yield place, f"the content can't be read: {error}"


def _request(
    operation: Operation, declared: DeclaredResponse, texts: dict[str, str], exchange: Exchange
) -> Iterator[tuple[Place, str]]:
    """Yield how the service and the document disagree on whether the request is valid."""
    place, fault = next(request_faults(operation, texts, exchange), (operation.place, ""))
    if exchange.accepted and fault:
        yield place, f"an invalid request was accepted: {fault}"
    if exchange.status == 409 and fault:
        yield place, f"an invalid request was in conflict: {fault}"
    place = declared.place
    if exchange.status in (400, 422) and not fault and is_well_formed(exchange):
        yield place, "a valid request was refused"
    if exchange.status == 412 and not has_preconditions(exchange):
        yield place, "a request without a precondition was refused for one"
    is_declared = exchange.sent_media_type in (operation.bodies or {""})
    if exchange.status == 415 and is_declared and exchange.has_plain_coding:
        yield place, f"a declared encoding was refused: {exchange.sent_media_type}"
    bodiless = operation.bodies and exchange.body == b"" and not exchange.sent_media_type
    if exchange.status in (400, 415) and bodiless and not operation.body_required:
        yield place, "a request without a body was refused, as none is required"
    if exchange.status == 406 and exchange.sent.get("Accept", "").strip() in ("", "*/*"):
        yield place, "a request was refused for Accept, which allows all"
    if exchange.status == 401 and (not operation.security or _is_anonymous(operation, exchange)):
        yield place, "a request was refused for credentials, which it needn't have"


def is_well_formed(exchange: Exchange) -> bool:
    """Return whether the request is well-formed HTTP with a valid host."""
    host = exchange.sent.get("Host", "")
    plain = exchange.sent.get("Transfer-Encoding", "chunked").strip().lower() == "chunked"
    return bool(_HOST.fullmatch(host)) and plain and exchange.body is not None


def has_preconditions(exchange: Exchange) -> bool:
    """Return whether the request has preconditions (RFC 9110, section 13.1)."""
    return not {"if-match", "if-none-match"}.isdisjoint(exchange.sent_values)


def _is_anonymous(operation: Operation, exchange: Exchange) -> bool:
    return operation.allows_anonymous and not has_any(operation, exchange)
