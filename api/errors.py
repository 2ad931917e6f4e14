"""The only place that builds an error: the named refusals, and the handlers that answer them."""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from flask import Flask, Response, json
from sqlalchemy import exc
from werkzeug.exceptions import Conflict, HTTPException, NotFound, ServiceUnavailable
from werkzeug.http import HTTP_STATUS_CODES

from api.browsers import OPEN_AT_SIGN_UP, PREFLIGHT_AT_SIGN_UP
from api.contract import FORM, Body, Header, Reply, promised
from api.database import may_be_done, why
from api.passwords import Busy
from api.schemas import LARGEST_FORM, Problem
from api.store import NoSuchRecord, UsernameTaken

PROBLEM = "application/problem+json"
OUR_FAULT = "This is our fault: try again later."
CHALLENGE = 'Basic realm="sign-up", charset="UTF-8"'
DATABASE_RETRY = 5
"""Seconds after which a request that the database couldn't serve is worth another try."""

# Werkzeug has older phrases than RFC 9110, section 15.5.
_PHRASES = HTTP_STATUS_CODES | {413: "Content Too Large", 422: "Unprocessable Content"}
_PROBLEM = Problem()
_log = logging.getLogger(__name__)


def problem(status: int, detail: str, errors: Mapping[str, list[str]] | None = None) -> Any:
    """RFC 9457's body; a problem without a type of its own has the status's phrase as title."""
    title = _PHRASES[status]
    members = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return _PROBLEM.dump(members | ({"errors": errors} if errors else {}))


def _refusal(meaning: str, headers: Mapping[str, Header] = {}, **example: Any) -> Reply:
    """A reply that is a problem: its meaning is the detail too, unless the refuser knows more."""
    body = Body(Problem, partial(problem, **{"detail": meaning} | example))
    return Reply(description=meaning, content={PROBLEM: body}, headers=headers)


_ALLOW = {"Allow": Header({"type": "string"})}
LONGEST_WAIT = 24 * 60 * 60
"""The most seconds of a `Retry-After`, whatever window the operator's rate limits have."""

RETRY_AFTER = {
    "Retry-After": Header(
        {"type": "integer", "format": "int32", "minimum": 1, "maximum": LONGEST_WAIT},
        "Seconds after which to try again, at most a day.",
    )
}

BAD_FORM = _refusal(
    "The form is invalid: correct the fields named in errors. Or the body isn't well formed.",
    errors={"username": ["Give this field."]},
)
UNAUTHORIZED = _refusal(
    "The credentials are missing, broken or wrong: sign in with HTTP Basic.",
    {"WWW-Authenticate": Header.always(CHALLENGE, "How to sign in (RFC 7617).")},
)
FORBIDDEN = _refusal(
    "The username isn't the account's: give the one that you sign in with. Or a page of another "
    "site sent the credentials: send them from this service's own pages, or from a program."
)
NOT_FOUND = _refusal("There is no such record: check the link.")
NOT_ACCEPTABLE = _refusal("Accept allows none of the representations that are here.")
PRECONDITION_FAILED = _refusal(
    "If-Match or If-None-Match is false, because nothing here has an entity tag, and nothing was "
    "changed: leave them out."
)
REUSED = _refusal(
    "The Idempotency-Key was used with another form: send the same form again, or choose a new key."
)
TAKEN = _refusal("The username is taken: choose another.")
TOO_LARGE = _refusal(
    f"The body is over {LARGEST_FORM // 1024} KiB: send at most {LARGEST_FORM} bytes."
)
UNSUPPORTED = _refusal(
    f"The body is no form: send {' or '.join(FORM)}, without a content coding.",
    {
        "Accept": Header.always(", ".join(FORM), "The media types of a form."),
        "Accept-Encoding": Header.always(
            "identity", "What to use, where the coding was wrong.", required=False
        ),
    },
)
TOO_MANY = _refusal("This is asked too often: wait as long as Retry-After says.", RETRY_AFTER)
NOTHING_CHANGED = "It can't be done now, and nothing was changed: wait as long as Retry-After says."
BROKE_OFF = (
    "The database broke off, and may have done it or not: wait as long as Retry-After says, then "
    "look, or send a POST again with the Idempotency-Key that it had."
)
UNAVAILABLE = _refusal(
    "It can't be done now: wait as long as Retry-After says. The detail says whether anything may "
    "have changed.",
    RETRY_AFTER,
    detail=NOTHING_CHANGED,
)
NOTHING_HERE = _refusal("There is nothing at this address: the document says what is here.")

BESIDE = {
    204: Reply(description="To OPTIONS: see Allow.", headers=_ALLOW | PREFLIGHT_AT_SIGN_UP),
    400: _refusal("The request is malformed, or its Host is not a host name.", OPEN_AT_SIGN_UP),
    404: NOTHING_HERE,
    405: _refusal("The address has no such method: see Allow.", _ALLOW | OPEN_AT_SIGN_UP),
    414: _refusal("The address is too long: shorten it.", OPEN_AT_SIGN_UP),
    417: _refusal("Expect asks for something not supported here: omit it.", OPEN_AT_SIGN_UP),
    431: _refusal("The header fields are too large: send fewer, or shorter ones.", OPEN_AT_SIGN_UP),
    501: _refusal("The transfer coding is unknown: send none, or chunked.", OPEN_AT_SIGN_UP),
}
"""Replies to requests that no operation serves."""


def in_order(methods: str) -> str:
    """The methods of an `Allow`, which Werkzeug names in another order in each process."""
    return ", ".join(sorted(methods.split(", ")))


def answer(error: HTTPException) -> Response:
    """The error as a problem, with the headers its reply promises and those it brings along."""
    status = cast("int", error.code)  # Flask hands on none that has none.
    reply = promised(status)
    known = reply.description if reply else OUR_FAULT
    detail = error.description if error.description != type(error).description else known
    body = json.dumps(problem(status, detail or known, getattr(error, "errors", None)))
    response = Response(body, status, content_type=PROBLEM)
    for name, header in (reply.headers if reply else {}).items():
        if header.const and header.required:
            response.headers[name] = header.const
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = in_order(value)
        elif name == "Retry-After":
            response.headers[name] = str(min(int(value), LONGEST_WAIT))
        elif name != "Content-Type":
            response.headers[name] = value
    return response


def _cannot_now(error: Exception) -> Response:
    if isinstance(error, exc.DataError | exc.IntegrityError | exc.ProgrammingError):
        raise error  # A statement that is wrong is a defect, and stays a 500.
    _log.warning("the database can't do it now: %s", why(error))
    detail = BROKE_OFF if may_be_done(error) else NOTHING_CHANGED
    return answer(ServiceUnavailable(detail, retry_after=DATABASE_RETRY))


def _busy(error: Busy) -> Response:
    return answer(ServiceUnavailable(NOTHING_CHANGED, retry_after=error.retry_after))


def handle_errors(app: Flask) -> None:
    """Answer every error of the app in the one shape."""
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(NoSuchRecord, lambda _: answer(NotFound()))
    app.register_error_handler(UsernameTaken, lambda _: answer(Conflict()))
    app.register_error_handler(Busy, _busy)
    # What the database, or the wait for it, says of itself.
    for error in (exc.DBAPIError, exc.DisconnectionError, exc.TimeoutError):
        app.register_error_handler(error, _cannot_now)
