"""How an exchange can violate a document: the rules of schemathesis, and more.

A response must be as declared, a valid request must not be refused as invalid, and an invalid
request must not be accepted.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, Literal, NamedTuple

from ..readings import Node, Place
from .document import DeclaredResponse, Document, Operation, media_key
from .exchanges import Exchange
from .masks import (
    masked_content,
    masked_header,
    masked_part,
    said,
    shown,
    without_marks,
    without_values,
)
from .request_rules import UNKNOWN, has_any, has_open_format, parameter_fault, request_faults
from .values import faults, fits, from_text, separator

# OpenAPI documents don't declare these headers, which HTTP itself needs in any response.
_FRAMING = {"content-type", "content-length", "transfer-encoding", "connection", "date", "server"}

# A server may return these to any malformed request (RFC 9110, section 15).
_OF_ANY_REQUEST = {400, 414, 417, 431, 501}

# A name of labels or an address (RFC 1034, section 3.1; RFC 3986, section 3.2.2).
_LABEL = r"[\w~%-]{1,63}"
_HOST = re.compile(rf"({_LABEL}([.]{_LABEL})*|\[[0-9a-fA-F]*:[0-9a-fA-F:.]+\])(:\d*)?", re.ASCII)


Half = Literal["request", "response"]


class Violation(NamedTuple):
    """A part of the document that an exchange violates, and what is wrong, with marked values."""

    place: Place
    text: str

    @property
    def cause(self) -> str:
        return without_values(self.text)

    def __str__(self) -> str:
        return without_marks(self.text)


def contradictions(
    document: Document, exchange: Exchange, half: Half | None = None
) -> Iterator[Violation]:
    """Yield what in the exchange, or only in one half of it, violates the document."""
    found = document.match_path(exchange.path, exchange.method)
    if found is None:
        if not _may_be_undeclared(document, exchange, {404}):
            parts = exchange.path.split("/")
            named = "/".join(shown(int(part)) if part.isdecimal() else part for part in parts)
            text = f"{named} isn't declared, but gets {exchange.status}"
            yield Violation(("paths",), text)
        return
    path, texts = found
    operation = document.operation(path, exchange.method)
    if operation is None:
        for text in _other_method(document, path, texts, exchange):
            yield Violation(("paths", path), text)
        return
    response = operation.response(exchange.status)
    is_unrouted = exchange.status == 404 and _is_other_path(operation.parameters, texts, exchange)
    is_unrouted |= exchange.status == 405 and exchange.method == "HEAD" != operation.method
    is_open = is_unrouted and not document.is_strict
    if is_open and not (response and media_key(response[1].content, exchange.media_type)):
        return  # The framework's router refused the request.
    if response is None:
        if exchange.status in _OF_ANY_REQUEST and not is_well_formed(exchange, document.is_strict):
            return  # The request is malformed HTTP.
        text = f"{operation.id}: {exchange.status} isn't declared"
        yield Violation((*operation.place, "responses"), text)
        return
    _, declared = response
    of_response = response_faults(document, declared, exchange) if half != "request" else ()
    of_request = _request(document, operation, declared, texts, exchange)
    for place, text in chain(of_response, of_request if half != "response" else ()):
        yield Violation(place, f"{operation.id}, {exchange.status}: {text}")


def _is_other_path(parameters: list[Node], texts: dict[str, str], exchange: Exchange) -> bool:
    """Return whether a text of the path doesn't fit its parameter, so that it is another path."""
    return any(parameter_fault(p, texts, exchange) for p in parameters if p["in"] == "path")


def _may_be_undeclared(document: Document, exchange: Exchange, statuses: set[int]) -> bool:
    """Return whether a request to no operation may get this response.

    Frameworks answer many of these requests on their own: they redirect to a path with another
    slash, ask for credentials, and list the methods.
    """
    if document.is_strict:
        return exchange.status in _OF_ANY_REQUEST | statuses
    return 300 <= exchange.status < 500 or exchange.method == "OPTIONS" or exchange.status == 501


def _other_method(
    document: Document, path: str, texts: dict[str, str], exchange: Exchange
) -> Iterator[str]:
    has_allow = exchange.status == 405 or (exchange.method == "OPTIONS" and exchange.accepted)
    operations = (document.operation(path, method) for method in document.methods(path))
    parameters = [parameter for o in operations if o for parameter in o.parameters]
    is_other_path = _is_other_path(parameters, texts, exchange)
    is_undeclared = _may_be_undeclared(document, exchange, {404} if is_other_path else set())
    if not has_allow and not is_undeclared:
        yield f"{exchange.method} {path} isn't declared, but gets {exchange.status}"
    if has_allow and document.is_strict:
        methods = document.methods(path) | {"OPTIONS"}
        methods |= {"HEAD"} if "GET" in methods else set()
        if set(exchange.received.get("Allow", "").split(", ")) != methods:
            yield f"Allow is {exchange.received.get('Allow')}, not {sorted(methods)}"


def response_faults(
    document: Document, declared: DeclaredResponse, exchange: Exchange
) -> Iterator[tuple[Place, str]]:
    """Yield what is wrong with the response alone, with the part of the document that says so."""
    yield from _headers(document, declared, exchange)
    yield from _content(document, declared, exchange)


def _headers(
    document: Document, declared: DeclaredResponse, exchange: Exchange
) -> Iterator[tuple[Place, str]]:
    for name, header in declared.headers.items():
        place = declared.header_place(name)
        values = exchange.received_values.get(name.lower(), [])
        may_repeat = name.lower() == "set-cookie" or not document.is_strict
        if (len(values) > 1 and not may_repeat) or (header.get("required") and not values):
            yield place, f"{name} occurs {len(values)} times"
        for value in values:
            if not _fits_header(header, value):
                yield place, f"{name}: {shown(masked_header(name, value))} isn't as declared"
    for name, values in exchange.received_values.items():
        if name in _FRAMING and len(values) > 1:
            yield declared.place, f"{name} occurs {len(values)} times"
        elif name not in declared.header_names | _FRAMING and (
            document.is_strict or name in document.header_names
        ):
            yield declared.place, f"{name} isn't declared"


def _fits_header(header: Node, text: str) -> bool:
    if separator(header) is None:
        return True  # It isn't judged.
    value = from_text(header["schema"], text)
    # An integer is written in digits (RFC 9110, section 10.2.3).
    is_loose = header["schema"].get("type") == "integer" and not isinstance(value, int)
    return not is_loose and fits(header["schema"], value)


def _content(
    document: Document, declared: DeclaredResponse, exchange: Exchange
) -> Iterator[tuple[Place, str]]:
    media_type = exchange.media_type
    key = media_key(declared.content, media_type)
    may_have_content = not document.is_strict and exchange.status >= 300
    if exchange.method == "HEAD" or not declared.content:
        if exchange.content and (exchange.method == "HEAD" or not may_have_content):
            none = "HEAD has none" if exchange.method == "HEAD" else "the response declares none"
            yield declared.place, f"there is content ({media_type or 'no media type'}), but {none}"
        elif media_type and key is None and (declared.content or document.is_strict):
            yield declared.place, f"{media_type} isn't declared"
        elif exchange.content:
            document.undeclared_content.add(declared.place)
    elif key is None:
        is_empty = exchange.status in (204, 304) and not exchange.content
        if not is_empty or document.is_strict:
            yield declared.place, f"{media_type or 'no media type'} isn't declared"
    elif exchange.has_known_content:
        place = (*declared.place, "content", key)
        try:
            schema, content = declared.content[key], exchange.decoded_content
            if not fits(schema, content):
                yield place, f"the content isn't as declared: {_wrong(schema, content, exchange)}"
        except ValueError as error:
            yield place, f"the content can't be read: {error}"


def _wrong(schema: Node, content: Any, exchange: Exchange) -> str:
    """Return what is wrong with the content, and the wrong values."""
    found = faults(schema, content)
    values = (masked_part(exchange, place) for place, _ in found)
    return f"{said(found)}: {shown(*values)}"


def _request(
    document: Document,
    operation: Operation,
    declared: DeclaredResponse,
    texts: dict[str, str],
    exchange: Exchange,
) -> Iterator[tuple[Place, str]]:
    """Yield how the service and the document disagree on whether the request is valid."""
    faults = list(request_faults(operation, texts, exchange))
    fault = next((each for each in faults if each.text != UNKNOWN), None)
    if fault and exchange.accepted:
        yield fault.place, f"an invalid request was accepted: {fault.text}{fault.detail()}"
    if fault and exchange.status == 409 and document.is_strict:
        yield fault.place, f"an invalid request was in conflict: {fault.text}{fault.detail()}"
    for refusal in _wrong_refusals(operation, texts, exchange, is_valid=not faults):
        reason = declared.refuses_valid or document.reason(operation, exchange.status)
        if reason:
            document.valid_refused[f"{operation.id}, {exchange.status}"] = reason
        else:
            yield declared.place, refusal


def _wrong_refusals(
    operation: Operation, texts: dict[str, str], exchange: Exchange, *, is_valid: bool
) -> Iterator[str]:
    """Yield why this refusal of the request is wrong by the document."""
    media_type, status = exchange.sent_media_type, exchange.status
    if status in (400, 422) and is_valid and is_well_formed(exchange, operation.is_strict):
        # Beside a declared 422 for invalid input, or without input, a 400 has another reason.
        has_input = operation.bodies or any(p["in"] != "path" for p in operation.parameters)
        is_other = status == 400 and (not has_input or "422" in operation.responses)
        if operation.is_strict or not (is_other or has_open_format(operation, texts, exchange)):
            content = f": {shown(masked_content(exchange))}" if exchange.content else ""
            yield (
                f"a valid request was refused{content}. If the refusal depends on state or on"
                " several fields, say so: refuses_valid in pyproject.toml, or x-refuses-valid in"
                " the document."
            )
    if status == 412 and operation.is_strict and not has_preconditions(exchange):
        yield "a request without a precondition was refused for one"
    is_declared = media_key(operation.bodies, media_type) if operation.bodies else not media_type
    if status == 415 and is_declared and exchange.has_plain_coding:
        yield f"a declared encoding was refused: {media_type}"
    bodiless = operation.bodies and exchange.body == b"" and not media_type
    is_of_body = status == 415 or (status == 400 and operation.is_strict)
    if is_of_body and bodiless and not operation.body_required:
        yield "a request without a body was refused, as none is required"
    if status == 406 and exchange.sent.get("Accept", "").strip() in ("", "*/*"):
        yield "a request was refused for Accept, which allows all"
    # Without schemes, the credentials may be in the body, as those of a login.
    is_open = operation.allows_anonymous and not has_any(operation, exchange)
    if status == 401 and (is_open if operation.security else operation.is_strict):
        yield "a request was refused for credentials, which it needn't have"


def is_well_formed(exchange: Exchange, is_strict: bool) -> bool:
    """Return whether the request is well-formed HTTP with a valid host, or none if not strict."""
    host = exchange.sent.get("Host", "" if is_strict else "localhost")
    plain = exchange.sent.get("Transfer-Encoding", "chunked").strip().lower() == "chunked"
    return bool(_HOST.fullmatch(host)) and plain and exchange.body is not None


def has_preconditions(exchange: Exchange) -> bool:
    """Return whether the request has preconditions (RFC 9110, section 13.1)."""
    return not {"if-match", "if-none-match"}.isdisjoint(exchange.sent_values)
