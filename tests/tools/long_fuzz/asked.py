"""Read a sent request's form, key and `Accept`, and the document's rules for them."""

import re
from io import BytesIO
from typing import Any

import schemathesis
from jsonschema_rs import Draft202012Validator
from schemathesis import Case
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import FormDataParser

from tests.operations import DOCUMENT
from tests.operations import OPERATIONS as _OPERATIONS

KEY = "Idempotency-Key"
LABELED = {f"{each.method} {each.path}": each for each in _OPERATIONS}
OPERATIONS = list(LABELED)
_VALIDATORS = {
    label: Draft202012Validator(DOCUMENT | {"$ref": f"#/components/schemas/{each.form}"})
    for label, each in LABELED.items()
    if each.form
}
_VALID_KEY = Draft202012Validator(
    next(
        parameter["schema"]
        for each in LABELED.values()
        for parameter in each.specification.get("parameters", [])
        if parameter["name"] == KEY
    )
)


def form(response: schemathesis.Response) -> MultiDict[str, str]:
    """Return the form that was sent, parsed independently of the service."""
    sent: Any = response.request
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    mime, _, boundary = sent.headers.get("Content-Type", "").partition("; boundary=")
    _, fields, _ = FormDataParser().parse(BytesIO(body), mime, len(body), {"boundary": boundary})
    return fields


def given(case: Case[Any], form: MultiDict[str, str]) -> dict[str, str]:
    """Return the known fields of a form that aren't empty."""
    known = LABELED[case.operation.label].fields
    return {name: text for name, text in form.items() if text and name in known}


def key(response: schemathesis.Response) -> str | None:
    """Return the `Idempotency-Key` that was sent."""
    sent: Any = response.request
    given = (str(v) for name, v in sent.headers.items() if name.lower() == KEY.lower())
    return next((key.strip(" \t") for key in given), None)


def is_valid_key(key: str | None) -> bool:
    return key is None or _VALID_KEY.is_valid(key)


def text_of(key: str) -> str:
    """Return the text of a String (RFC 9651), or any other key unchanged."""
    inner = key[1:-1]
    rest = inner.replace("\\\\", "").replace('\\"', "")
    is_string = inner and key == f'"{inner}"' and not {"\\", '"'} & set(rest)
    return re.sub(r"\\(.)", r"\1", inner) if is_string else key


def is_valid(case: Case[Any], form: MultiDict[str, str]) -> bool:
    """Return whether each declared field is given at most once, and is valid."""
    label = case.operation.label
    known = {name: form.getlist(name) for name in LABELED[label].fields}
    given = {name: texts[0] for name, texts in known.items() if texts}
    once = all(len(texts) <= 1 for texts in known.values())
    return once and _VALIDATORS[label].is_valid(given)


def is_acceptable(case: Case[Any]) -> bool:
    """Return whether `Accept` (one media type, here) allows a representation of the success."""
    accept = case.headers.get("Accept", "*/*")
    content = LABELED[case.operation.label].produces
    return not content or "*/*" in accept or accept in content


def success(case: Case[Any]) -> int:
    return LABELED[case.operation.label].status
