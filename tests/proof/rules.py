"""The rules by which an exchange contradicts a document: those of schemathesis's checks, and more.

An answer may not be other than declared, a valid request not be refused as invalid, an invalid one
not be accepted.
"""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs

from tests.proof.document import Answer, Document, Node, Operation, fits, from_text
from tests.proof.exchanges import Exchange, Form, Unreadable

# HTTP's own fields, which OpenAPI leaves undeclared: they frame a message, or say when it was sent.
_FRAMING = {"content-type", "content-length", "transfer-encoding", "connection", "date", "server"}

# A name of labels or an address (RFC 1034, section 3.1; RFC 3986, section 3.2.2).
_LABEL = r"[\w~%-]{1,63}"
_HOST = re.compile(rf"({_LABEL}([.]{_LABEL})*|\[[0-9a-fA-F:.]+\])(:\d*)?", re.ASCII)


ASPECTS = frozenset({"headers", "content", "request"})


def contradictions(
    document: Document, exchange: Exchange, aspects: frozenset[str] = ASPECTS
) -> Iterator[str]:
    """What of the exchange isn't as the document says; of some `aspects`, where only they count."""
    found = document.address(exchange.path)
    if found is None:
        if exchange.accepted and exchange.method != "OPTIONS":
            yield f"{exchange.path} isn't declared and answers {exchange.status}"
        return
    path, texts = found
    operation = document.operation(path, exchange.method)
    if operation is None:
        yield from _other_method(document, path, exchange)
        return
    answer = operation.answers.get(exchange.status)
    if answer is None:
        yield f"{operation.id}: {exchange.status} isn't declared"
        return
    breaches = {
        "headers": _headers(answer, exchange),
        "content": _content(answer, exchange),
        "request": _misjudged(operation, texts, exchange),
    }
    for aspect in aspects:
        for breach in breaches[aspect]:
            yield f"{operation.id}, {exchange.status}: {breach}"


def _other_method(document: Document, path: str, exchange: Exchange) -> Iterator[str]:
    if exchange.accepted and exchange.method != "OPTIONS":
        yield f"{exchange.method} {path} isn't declared and answers {exchange.status}"
    if exchange.status == 405 or (exchange.method == "OPTIONS" and exchange.accepted):
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
            if not fits(header["schema"], from_text(header["schema"], value)):
                yield f"{name}: {value!r} isn't as declared"
    for name in exchange.received_values.keys() - answer.header_names - _FRAMING:
        yield f"{name} isn't declared"


def _content(answer: Answer, exchange: Exchange) -> Iterator[str]:
    if exchange.method == "HEAD" or not answer.content:
        if exchange.content:
            yield "there is content"
        if exchange.media_type and not answer.content:
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
    """Where the service's verdict on the request isn't the document's."""
    faults = list(request_faults(operation, texts, exchange))
    if exchange.accepted and faults:
        yield f"an invalid request was accepted: {faults[0]}"
    if exchange.status == 400 and not faults and _is_certain(exchange):
        yield "a valid request was refused"
    as_declared = exchange.sent_media_type in (operation.bodies or {""})
    if exchange.status == 415 and as_declared and exchange.coding_is_plain:
        yield f"a declared encoding was refused: {exchange.sent_media_type}"
    bodiless = operation.bodies and exchange.body == b"" and not exchange.sent_media_type
    if exchange.status in (400, 415) and bodiless and not operation.body_required:
        yield "a request without a body was refused, as none is required"
    if exchange.status == 401 and (not operation.security or _is_anonymous(operation, exchange)):
        yield "a request was refused for credentials, which it needn't have"


def request_faults(
    operation: Operation, texts: dict[str, str], exchange: Exchange
) -> Iterator[str]:
    """What makes the request invalid by the document."""
    if operation.security and not any(
        all(_satisfied(scheme, exchange) for scheme in one)
        and (one or not _has_any(operation, exchange))
        for one in operation.security
    ):
        yield "no credentials as declared"
    if exchange.parameters is None:
        yield "the query can't be read"
    for parameter in operation.parameters:
        if fault := _parameter_fault(parameter, texts, exchange):
            yield f"{parameter['name']}: {fault}"
    if operation.bodies and (operation.body_required or exchange.sent_media_type or exchange.body):
        yield from _body_faults(operation, exchange)


def _parameter_fault(parameter: Node, texts: dict[str, str], exchange: Exchange) -> str:
    values = parameter_texts(parameter, texts, exchange)
    if not values:
        return "it is missing" if parameter.get("required") else ""
    if len(values) > 1:
        return "it is there twice"
    value = from_text(parameter["schema"], values[0])
    return "" if fits(parameter["schema"], value) else f"{value!r} doesn't fit"


def parameter_texts(parameter: Node, texts: dict[str, str], exchange: Exchange) -> list[str]:
    """What was sent for the parameter, wherever it stands."""
    name: str = parameter["name"]
    if parameter["in"] == "path":
        return [texts[name]] if name in texts else []
    if parameter["in"] == "query":
        return [value for given, value in exchange.parameters or () if given == name]
    return exchange.sent.getlist(name)


def _body_faults(operation: Operation, exchange: Exchange) -> Iterator[str]:
    schema = operation.bodies.get(exchange.sent_media_type)
    if schema is None or not exchange.coding_is_plain:
        yield f"{exchange.sent_media_type or 'no media type'}, in a coding that isn't declared"
        return
    try:
        body = exchange.read()
    except Unreadable as why:
        yield f"the body can't be read: {why}"
        return
    if isinstance(body, Form):
        yield from form_faults(schema, body)
    elif not fits(schema, body.value):
        yield f"the body doesn't fit: {exchange.body!r}"


def form_faults(schema: Node, form: Form) -> Iterator[str]:
    """What makes the form invalid: also a field that is there twice, or is a file."""
    for name in schema.get("properties", {}):
        texts = form.given(name)
        if len(texts) > 1 or None in texts:
            yield f"{name} is there twice, or as a file"
    if not fits(schema, {n: text for n, text in form.fields if text is not None}):
        yield f"the form doesn't fit: {form.fields}"


def _is_certain(exchange: Exchange) -> bool:
    """Whether the request was framed well, and named a host: else a 400 is HTTP's own."""
    host = exchange.sent.get("Host", "")
    plain = exchange.sent.get("Transfer-Encoding", "chunked").strip().lower() == "chunked"
    return bool(_HOST.fullmatch(host)) and plain and exchange.body is not None


def _satisfied(scheme: Node, exchange: Exchange) -> bool:
    """Whether credentials of this scheme came along, good or not."""
    if scheme["type"] == "http":
        (given,) = exchange.sent_values.get("authorization", [""])[:1]
        return given.partition(" ")[0].lower() == str(scheme["scheme"]).lower()
    if scheme["in"] == "query":
        return scheme["name"] in parse_qs(exchange.query, keep_blank_values=True)
    return str(scheme["name"]).lower() in exchange.sent_values


def _has_any(operation: Operation, exchange: Exchange) -> bool:
    """Whether credentials came along at all, be it of a scheme that isn't known."""
    known = any(_satisfied(scheme, exchange) for one in operation.security for scheme in one)
    return known or "authorization" in exchange.sent_values


def _is_anonymous(operation: Operation, exchange: Exchange) -> bool:
    return operation.open and not _has_any(operation, exchange)
