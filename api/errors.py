"""The only place that builds an error: the named refusals, and the handlers that answer them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, Response, json
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import Conflict, HTTPException, ServiceUnavailable
from werkzeug.http import HTTP_STATUS_CODES

from api.browsers import MAY_BE_OPEN
from api.contract import promised
from api.forms import MEDIA_TYPES
from api.passwords import Busy
from api.replies import Body, Header, Reply
from api.schemas import Problem
from api.store import UsernameTaken

PROBLEM = "application/problem+json"
CHALLENGE = 'Basic realm="sign-up", charset="UTF-8"'
DATABASE_RETRY, HASHING_RETRY = 5, 1
"""Seconds after which what can't be done now is worth another try."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Refusal(Reply):
    """A reply that is a problem; `detail` says what to do, unless the one who refuses says more."""

    detail: str


def _problem(status: int, detail: str, errors: Mapping[str, list[str]] | None = None) -> Any:
    """RFC 9457's body; a problem without a type of its own has the status's phrase as title."""
    title = HTTP_STATUS_CODES[status]
    problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Problem().dump(problem | ({"errors": errors} if errors else {}))


def _refusal(
    description: str,
    detail: str,
    headers: Mapping[str, Header] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> Refusal:
    body = Body(Problem, partial(_problem, detail=detail, errors=errors))
    return Refusal(
        description=description, detail=detail, content={PROBLEM: body}, headers=headers or {}
    )


_RETRY_AFTER = {
    "Retry-After": Header(
        {"type": "integer", "minimum": 1, "maximum": 86400},
        "Seconds after which to try again.",
    )
}

BAD_FORM = _refusal(
    "The form is invalid, or the body isn't well formed.",
    "Correct the fields named in errors, and send the form again.",
    errors={"username": ["Give this field."]},
)
UNAUTHORIZED = _refusal(
    "The credentials are wrong, broken or missing.",
    "Sign in with HTTP Basic, with the username and password of an account.",
    {"WWW-Authenticate": Header.always(CHALLENGE, "How to sign in (RFC 7617).")},
)
FORBIDDEN = _refusal(
    "The username isn't the account's, or another site's page sent the credentials.",
    "Give the username of the account whose credentials you send.",
)
NOT_FOUND = _refusal("There is no such record.", "Check the link: there is no record behind it.")
NOT_ACCEPTABLE = _refusal(
    "No representation is one that `Accept` allows; nothing was stored.",
    "Accept one of the media types that this operation has.",
)
TAKEN = _refusal("The username is taken.", "Choose another username: this one is taken.")
TOO_LARGE = _refusal("The body is over 16 KiB.", "Send at most 16384 bytes.")
UNSUPPORTED = _refusal(
    "The body isn't a form, or has a content coding.",
    f"Send a form, as {' or '.join(MEDIA_TYPES)}, in UTF-8.",
    {
        "Accept": Header.always(", ".join(MEDIA_TYPES), "The media types of a form."),
        "Accept-Encoding": Header.always(
            "identity", "The coding to use, if that was wrong.", required=False
        ),
    },
)
TOO_MANY = _refusal(
    "This client asks too often.", "Wait as long as Retry-After says, then ask again.", _RETRY_AFTER
)
UNAVAILABLE = _refusal(
    "The work can't be done now; nothing was stored.",
    "Wait as long as Retry-After says, then ask again.",
    _RETRY_AFTER,
)

_ALLOW = {"Allow": Header({"type": "string"}, "The methods that this address has.")}

NOTHING_HERE = _refusal(
    "There is nothing at this address.", "Look at /openapi.json for what is here."
)
BESIDE = {
    204: Reply(description="To OPTIONS: here is what Allow names.", headers=_ALLOW | MAY_BE_OPEN),
    404: NOTHING_HERE,
    405: _refusal(
        "The address has no such method.", "Use a method that Allow names.", _ALLOW | MAY_BE_OPEN
    ),
}
"""Answers to requests that no operation serves."""


def answer(error: HTTPException) -> Response:
    """The error as a problem, with the headers its reply promises and those it brings along."""
    status = error.code or 500
    reply = promised(status)
    described = error.description if error.description != type(error).description else None
    detail = described or getattr(reply, "detail", None) or "This is our fault. Try again later."
    body = json.dumps(_problem(status, detail, getattr(error, "errors", None)))
    response = Response(body, status, content_type=PROBLEM)
    for name, header in (reply.headers if reply else {}).items():
        if header.const and header.required:
            response.headers[name] = header.const
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    return response


def _unavailable(error: Exception) -> Response:
    _log.warning("the database can't do it now: %s", error)
    return answer(ServiceUnavailable(retry_after=DATABASE_RETRY))


def handle_errors(app: Flask) -> None:
    """Answer every error of the app in the one shape."""
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(UsernameTaken, lambda _: answer(Conflict()))
    app.register_error_handler(
        Busy, lambda _: answer(ServiceUnavailable(retry_after=HASHING_RETRY))
    )
    # What the database says of itself; a statement that is wrong is a defect, and stays a 500.
    for error in (OperationalError, InterfaceError, InternalError, PoolTimeout):
        app.register_error_handler(error, _unavailable)
