"""What a request asks for, read from the request as it was sent, and from the document."""

from io import BytesIO
from typing import Any

import schemathesis
import yaml
from jsonschema_rs import Draft202012Validator
from schemathesis import Case
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import FormDataParser

from tests.fresh_keys import KEY, VALID
from tests.server import REPOSITORY

DOCUMENT: dict[str, Any] = yaml.safe_load((REPOSITORY / "openapi.yaml").read_text("utf-8"))
OPERATIONS = [
    f"{method.upper()} {path}" for path, item in DOCUMENT["paths"].items() for method in item
]
_SCHEMAS = DOCUMENT["components"]["schemas"]
_FORMS = {"POST /userDetails": "NewUserDetails", "POST /userSignUp": "SignUp"}
_VALIDATORS = {label: Draft202012Validator(_SCHEMAS[name]) for label, name in _FORMS.items()}


def form(response: schemathesis.Response) -> MultiDict[str, str]:
    """The form that was sent, read by another than the service."""
    sent: Any = response.request
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    mime, _, boundary = sent.headers.get("Content-Type", "").partition("; boundary=")
    _, fields, _ = FormDataParser().parse(BytesIO(body), mime, len(body), {"boundary": boundary})
    return fields


def key(response: schemathesis.Response) -> str | None:
    """The `Idempotency-Key` that was sent."""
    sent: Any = response.request
    return next((str(v) for name, v in sent.headers.items() if name.lower() == KEY.lower()), None)


def is_valid_key(key: str | None) -> bool:
    return key is None or VALID.fullmatch(key.strip(" \t")) is not None


def is_valid(case: Case[Any], form: MultiDict[str, str]) -> bool:
    """Whether each field that the document names is given once at most, and fits."""
    label = case.operation.label
    known = {name: form.getlist(name) for name in _SCHEMAS[_FORMS[label]]["properties"]}
    given = {name: texts[0] for name, texts in known.items() if texts}
    once = all(len(texts) <= 1 for texts in known.values())
    return once and _VALIDATORS[label].is_valid(given)


def is_acceptable(case: Case[Any]) -> bool:
    """Whether `Accept`, which names one media type here, or any, allows what a success has."""
    accept = case.headers.get("Accept", "*/*")
    content = _answers(case)[str(success(case))].get("content")
    return content is None or "*/*" in accept or accept in content


def success(case: Case[Any]) -> int:
    return next(int(status) for status in _answers(case) if status < "300")


def _answers(case: Case[Any]) -> dict[str, Any]:
    method, path = case.operation.label.split()
    answers: dict[str, Any] = DOCUMENT["paths"][path][method.lower()]["responses"]
    return answers
