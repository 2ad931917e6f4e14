"""The rules by which an exchange violates a document: those of schemathesis's checks, and more.

A response must be as declared, a valid request must not be refused as invalid, and an invalid
request must not be accepted.
"""

import re
from collections.abc import Iterator

from .document import Answer, Document, Operation, fits, from_text
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


def contradictions(
    document: Document, exchange: Exchange, aspects: frozenset[str] = ASPECTS
) -> Iterator[str]:
    """Yield what in these `aspects` of the exchange violates the document."""
    found = document.address(exchange.path)
    if found is None:
        if exchange.status not in _OF_ANY_REQUEST | {404}:
            yield f"{exchange.path} isn't declared and answers {exchange.status}"
        return
    path, texts = found
    operation = document.operation(path, exchange.method)
    if operation is None:
        yield from _other_method(document, path, texts, exchange)
        return
    answer = operation.answers.get(exchange.status)
    if answer is None:
        if exchange.status in _OF_ANY_REQUEST and not is_certain(exchange):
            return  # The request is malformed HTTP.
        yield f"{operation.id}: {exchange.status} isn't declared"
        return
    violations = {
        "headers": _headers(answer, exchange),
        "content": _content(answer, exchange),
        "request": _misjudged(operation, texts, exchange),
    }
    for aspect in aspects:
        for violation in violations[aspect]:
            yield f"{operation.id}, {exchange.status}: {violation}"


def _other_method(
    document: Document, path: str, texts: dict[str, str], exchange: Exchange
) -> Iterator[str]:
    told = exchange.status == 405 or (exchange.method == "OPTIONS" and exchange.accepted)
    operations = (document.operation(path, method) for method in document.methods(path))
    parameters = [p for o in operations if o for p in o.parameters if p["in"] == "path"]
    nowhere = any(parameter_fault(parameter, texts, exchange) for parameter in parameters)
    if not told and exchange.status not in _OF_ANY_REQUEST | ({404} if nowhere else set()):
        yield f"{exchange.method} {path} isn't declared and answers {exchange.status}"
    if told:
        known = document.methods(path) | {"OPTIONS"}
        known |= {"HEAD"} if "GET" in known else set()
        if set(exchange.received.get("Allow", "").split(", ")) != known:
            yield f"Allow is {exchange.received.get('Allow')}, not {sorted(known)}"


def _headers(answer: Answer, exchange: Exchange) -> Iterator[str]:
    for name, header in answer.headers.items():
        values = exchange.received_values.get(name.lower(), [])
        if len(values) > 1 or (header.get("required") and not values):
            yield f"{name} is there {len(values)} times"
        for value in values:
            read = from_text(header["schema"], value)
            # An integer is written in digits (RFC 9110, section 10.2.3).
            is_loose = header["schema"].get("type") == "integer" and not isinstance(read, int)
            if is_loose or not fits(header["schema"], read):
                yield f"{name}: {value!r} isn't as declared"
    for name, values in exchange.received_values.items():
        if name in _FRAMING and len(values) > 1:
            yield f"{name} is there {len(values)} times"
        elif name not in answer.header_names | _FRAMING:
            yield f"{name} isn't declared"


def _content(answer: Answer, exchange: Exchange) -> Iterator[str]:
    if exchange.method == "HEAD" or not answer.content:
        if exchange.content:
            yield "there is content"
        if exchange.media_type and exchange.media_type not in answer.content:
            yield f"{exchange.media_type} isn't declared"
    elif exchange.media_type not in answer.content:
        yield f"{exchange.media_type or 'no media type'} isn't declared"
    else:
        try:
            if not fits(answer.content[exchange.media_type], exchange.said):
                yield f"the content isn't as declared: {exchange.content[:200]!r}"
        except ValueError as error:
            yield f"the content can't be read: {error}"


def _misjudged(operation: Operation, texts: dict[str, str], exchange: Exchange) -> Iterator[str]:
    """Yield how the service and the document disagree on whether the request is valid."""
    fault = next(request_faults(operation, texts, exchange), None)
    if exchange.accepted and fault:
        yield f"an invalid request was accepted: {fault}"
    # These statuses depend on stored data: an existing resource, or a key that was used before.
    is_known = exchange.status == 409 or (
        exchange.status == 422 and _has_a_key(operation, exchange)
    )
    if is_known and fault:
        yield f"an invalid request was in conflict: {fault}"
    if exchange.status in (400, 422) and not is_known and not fault and is_certain(exchange):
        yield "a valid request was refused"
    if exchange.status == 412 and not has_preconditions(exchange):
        yield "a request without a precondition was refused for one"
    as_declared = exchange.sent_media_type in (operation.bodies or {""})
    if exchange.status == 415 and as_declared and exchange.coding_is_plain:
        yield f"a declared encoding was refused: {exchange.sent_media_type}"
    bodiless = operation.bodies and exchange.body == b"" and not exchange.sent_media_type
    if exchange.status in (400, 415) and bodiless and not operation.body_required:
        yield "a request without a body was refused, as none is required"
    if exchange.status == 406 and exchange.sent.get("Accept", "").strip() in ("", "*/*"):
        yield "a request was refused for Accept, which allows all"
    if exchange.status == 401 and (not operation.security or _is_anonymous(operation, exchange)):
        yield "a request was refused for credentials, which it needn't have"


def is_certain(exchange: Exchange) -> bool:
    """Return whether the request is well-formed HTTP with a valid host."""
    host = exchange.sent.get("Host", "")
    plain = exchange.sent.get("Transfer-Encoding", "chunked").strip().lower() == "chunked"
    return bool(_HOST.fullmatch(host)) and plain and exchange.body is not None


def has_preconditions(exchange: Exchange) -> bool:
    """Return whether the request has preconditions (RFC 9110, section 13.1)."""
    return not {"if-match", "if-none-match"}.isdisjoint(exchange.sent_values)


def _has_a_key(operation: Operation, exchange: Exchange) -> bool:
    """Return whether it has an Idempotency-Key, which allows 422 if the key was used before."""
    declared = {parameter["name"].lower() for parameter in operation.parameters}
    return bool({"idempotency-key"} & declared & exchange.sent_values.keys())


def _is_anonymous(operation: Operation, exchange: Exchange) -> bool:
    return operation.open and not has_any(operation, exchange)
