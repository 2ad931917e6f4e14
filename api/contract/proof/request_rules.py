"""The rules by which a document finds a request invalid."""

from collections.abc import Callable, Iterator
from copy import copy
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from ..forms import FORM
from ..readings import Node, Place, changed
from .document import Operation, media_key
from .exchanges import Exchange, Form, Unreadable
from .masks import masked, masked_body, said, shown
from .values import (
    faults,
    fits,
    from_texts,
    is_json,
    is_judged,
    kinds,
    members,
    separator,
)

UNKNOWN = ""
"""The text of a fault if a part of a request isn't judged, so that it may be invalid."""


class Fault(NamedTuple):
    """A fault of a request, with the part of the document that makes the request invalid.

    `detail` is called only for a message, because it takes longer than to find the fault.
    """

    place: Place
    text: str
    detail: Callable[[], str] = str


# Formats of texts that all apps read alike, or that say nothing.
_EXACT = {"binary", "date", "ipv4", "ipv6", "password", "uuid"}


def request_faults(
    operation: Operation, texts: dict[str, str], exchange: Exchange
) -> Iterator[Fault]:
    """Yield what is invalid about the credentials, then the parameters, then the body."""
    if operation.security and not any(
        all(_satisfied(scheme, exchange) for scheme in one)
        and (one or not operation.is_strict or not has_any(operation, exchange))
        for one in operation.security
    ):
        yield Fault((*operation.place, "security"), "no credentials as declared")
    if exchange.parameters is None:
        unread = "the query can't be read" if operation.is_strict else UNKNOWN
        yield Fault(operation.place, unread)
    for parameter in operation.parameters:
        fault = parameter_fault(parameter, texts, exchange, is_strict=operation.is_strict)
        if fault is not None:
            text = fault and f"{parameter['name']}: {fault}"
            yield Fault(operation.parameter_place(parameter), text)
    if operation.bodies and (operation.body_required or exchange.sent_media_type or exchange.body):
        yield from _body_faults(operation, exchange)


def has_open_format(operation: Operation, texts: dict[str, str], exchange: Exchange) -> bool:
    """Return whether the valid request has a text whose `format` has no exact rule."""
    other = copy(operation)
    other.parameters = [{**p, "schema": _without_formats(p["schema"])} for p in other.parameters]
    other.bodies = {m: _without_formats(schema) for m, schema in other.bodies.items()}
    return any(fault.text for fault in request_faults(other, texts, exchange))


def _without_formats(schema: Node) -> Node:
    """Return the schema with texts forbidden where their `format` has no exact rule."""
    whole = changed(schema, lambda _, within: _without_formats(within))
    if "$defs" in schema:
        whole["$defs"] = {n: _without_formats(within) for n, within in schema["$defs"].items()}
    is_open = "format" in schema and schema["format"] not in _EXACT
    return {**whole, "not": {"type": "string"}} if is_open else whole


def parameter_fault(
    parameter: Node, path_texts: dict[str, str], exchange: Exchange, *, is_strict: bool = True
) -> str | None:
    """Return what is invalid about the parameter, None if nothing is."""
    texts = parameter_texts(parameter, path_texts, exchange)
    schema, separated_by = parameter["schema"], separator(parameter)
    if separated_by is None or not is_judged(schema):
        return UNKNOWN
    if not texts:
        return "it is missing" if parameter.get("required") else None
    value, *others = from_texts(schema, texts, separated_by)
    if others:  # The app may take one.
        return "it occurs twice" if is_strict or "array" in kinds(schema) else UNKNOWN
    may_be_empty = texts == [""] and parameter.get("allowEmptyValue")
    if may_be_empty or fits(schema, value):
        return None
    return f"{shown(masked(parameter['name'], value))} doesn't fit"


def parameter_texts(parameter: Node, texts: dict[str, str], exchange: Exchange) -> list[str]:
    """Return the texts of the parameter in the request."""
    name: str = parameter["name"]
    if parameter["in"] == "path":
        return [texts[name]] if name in texts else []
    if parameter["in"] == "header":
        return exchange.sent.getlist(name)
    given = exchange.cookies if parameter["in"] == "cookie" else exchange.parameters or ()
    return [value for each, value in given if each == name]


def _body_faults(operation: Operation, exchange: Exchange) -> Iterator[Fault]:
    media_type = exchange.sent_media_type
    key, place = media_key(operation.bodies, media_type), operation.body_place
    if key is None or not exchange.has_plain_coding:
        is_open = key is not None and not operation.is_strict
        what = "charset or content coding" if key else f"media type, {media_type or 'none'},"
        yield Fault(place, UNKNOWN if is_open else f"its {what} isn't declared")
        return
    place, schema = (*place, "content", key), operation.bodies[key]
    is_recorded = exchange.body is not None or operation.is_strict
    if not is_recorded or not (media_type in FORM or is_json(media_type)):
        yield Fault(place, UNKNOWN)
        return
    try:
        body = exchange.read()
    except Unreadable as error:
        yield Fault(place, f"the body can't be read: {error}")
        return
    if isinstance(body, Form):
        yield from _form_faults(place, schema, body, operation.is_strict)
    elif not fits(schema, body.value):
        detail = partial(_detail, schema, body.value, partial(masked_body, exchange))
        yield Fault(place, "the body doesn't fit", detail)
    if not is_judged(schema):
        yield Fault(place, UNKNOWN)


def _form_faults(place: Place, schema: Node, form: Form, is_strict: bool) -> Iterator[Fault]:
    """Yield what is invalid about the form, including repeated fields and unexpected files."""
    declared, given, is_open = members(schema), dict[str, Any](), False
    for name, texts in form.by_name.items():
        member = declared.get(name, {})
        values = from_texts(member, texts)
        is_file = None in (values[0] if "array" in kinds(member) else values)
        if name in declared and (len(values) > 1 or is_file):
            is_open = not is_strict and not is_file
            yield Fault(place, UNKNOWN if is_open else f"{name} occurs twice, or as a file")
        given[name] = "" if values[-1] is None else values[-1]
    if not is_open and not fits(schema, given):
        detail = partial(_detail, schema, given, partial(_masked_fields, form))
        yield Fault(place, "the form doesn't fit", detail)


def _masked_fields(form: Form) -> list[tuple[str, Any]]:
    return [(name, masked(name, text)) for name, text in form.fields]


def _detail(schema: Node, value: Any, masked_value: Callable[[], Any]) -> str:
    return f": {said(faults(schema, value))}: {shown(masked_value())}"


def _satisfied(scheme: Node, exchange: Exchange) -> bool:
    """Return whether the request has credentials of this scheme, right or wrong."""
    kind, place = scheme.get("type"), scheme.get("in")
    if kind == "http":
        (given,) = exchange.sent_values.get("authorization", [""])[:1]
        return given.partition(" ")[0].lower() == str(scheme["scheme"]).lower()
    if kind in ("oauth2", "openIdConnect"):
        return "authorization" in exchange.sent_values
    if kind != "apiKey":
        return True  # The scheme isn't judged.
    if place == "query":
        return scheme["name"] in parse_qs(exchange.query, keep_blank_values=True)
    if place == "cookie":
        return scheme["name"] in dict(exchange.cookies)
    return str(scheme["name"]).lower() in exchange.sent_values


def has_any(operation: Operation, exchange: Exchange) -> bool:
    """Return whether the request has any credentials, even of an unknown scheme."""
    declared = (_satisfied(s, exchange) for one in operation.security for s in one)
    return any(declared) or "authorization" in exchange.sent_values
