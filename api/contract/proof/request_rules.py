"""The rules by which a document finds a request invalid."""

from collections.abc import Iterator
from urllib.parse import parse_qs

from .changes import Place
from .document import Node, Operation, fits, from_text
from .exchanges import Exchange, Form, Unreadable


def request_faults(
    operation: Operation, texts: dict[str, str], exchange: Exchange
) -> Iterator[tuple[Place, str]]:
    """Yield what is invalid about the request, with the part of the document that says so.

    Credentials come first, then parameters, then the body.
    """
    if operation.security and not any(
        all(_satisfied(scheme, exchange) for scheme in one)
        and (one or not has_any(operation, exchange))
        for one in operation.security
    ):
        yield (*operation.place, "security"), "no credentials as declared"
    if exchange.parameters is None:
        yield operation.place, "the query can't be read"
    for parameter in operation.parameters:
        if fault := parameter_fault(parameter, texts, exchange):
            place = operation.parameter_places[parameter["in"], parameter["name"]]
            yield place, f"{parameter['name']}: {fault}"
    if operation.bodies and (operation.body_required or exchange.sent_media_type or exchange.body):
        for fault in _body_faults(operation, exchange):
            yield (*operation.place, "requestBody"), fault


def parameter_fault(parameter: Node, texts: dict[str, str], exchange: Exchange) -> str:
    values = parameter_texts(parameter, texts, exchange)
    if not values:
        return "it is missing" if parameter.get("required") else ""
    if len(values) > 1:
        return "it occurs twice"
    value = from_text(parameter["schema"], values[0])
    return "" if fits(parameter["schema"], value) else f"{value!r} doesn't fit"


def parameter_texts(parameter: Node, texts: dict[str, str], exchange: Exchange) -> list[str]:
    """Return the texts of the parameter in the request."""
    name: str = parameter["name"]
    if parameter["in"] == "path":
        return [texts[name]] if name in texts else []
    if parameter["in"] == "query":
        return [value for given, value in exchange.parameters or () if given == name]
    if parameter["in"] == "header":
        return exchange.sent.getlist(name)
    raise NotImplementedError(f"{__name__} doesn't support parameters in {parameter['in']}.")


def _body_faults(operation: Operation, exchange: Exchange) -> Iterator[str]:
    schema = operation.bodies.get(exchange.sent_media_type)
    if schema is None or not exchange.has_plain_coding:
        yield f"{exchange.sent_media_type or 'no media type'}, in a coding that isn't declared"
        return
    try:
        body = exchange.read()
    except Unreadable as error:
        yield f"the body can't be read: {error}"
        return
    if isinstance(body, Form):
        yield from form_faults(schema, body)
    elif not fits(schema, body.value):
        yield f"the body doesn't fit: {exchange.body!r}"


def form_faults(schema: Node, form: Form) -> Iterator[str]:
    """Yield what is invalid about the form, including repeated fields and files."""
    kinds = schema.get("properties", {})
    yield from (f"{name} occurs twice, or as a file" for name in kinds if name in form.invalid)
    given = {name: from_text(kinds.get(name, {}), text) for name, text in form.texts.items()}
    if not fits(schema, given):
        yield f"the form doesn't fit: {form.fields}"


def _satisfied(scheme: Node, exchange: Exchange) -> bool:
    """Return whether the request has credentials of this scheme, right or wrong."""
    if scheme["type"] == "http":
        (given,) = exchange.sent_values.get("authorization", [""])[:1]
        return given.partition(" ")[0].lower() == str(scheme["scheme"]).lower()
    if scheme["type"] != "apiKey" or scheme["in"] == "cookie":
        raise NotImplementedError(f"{__name__} doesn't support credentials of {scheme}.")
    if scheme["in"] == "query":
        return scheme["name"] in parse_qs(exchange.query, keep_blank_values=True)
    return str(scheme["name"]).lower() in exchange.sent_values


def has_any(operation: Operation, exchange: Exchange) -> bool:
    """Return whether the request has any credentials, even of an unknown scheme."""
    declared = any(_satisfied(scheme, exchange) for one in operation.security for scheme in one)
    return declared or "authorization" in exchange.sent_values
