"""Errors: their declared replies, and the handlers that turn exceptions into problems."""

import logging
from collections.abc import Mapping
from functools import partial

from flask import Flask, Response, g, request
from marshmallow import validate
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException, NotFound, ServiceUnavailable, TooManyRequests

from api.contract import FORM, Header, InvalidInput, Reply, problems
from api.contract.problems import ProblemType, Refused, problem_reply, problem_schema
from api.problem_types import (
    CROSS_SITE,
    INVALID_INPUT,
    KEY_REUSED,
    OTHER_USERNAME,
    OUTCOME_UNKNOWN,
    TOO_MANY_REQUESTS,
    USERNAME_TAKEN,
)
from api.schemas import LARGEST_FORM
from api.security.browsers import OPEN_AT_SIGN_UP, PREFLIGHT_AT_SIGN_UP
from api.security.passwords import Busy
from api.storage.errors import describe_error, may_have_succeeded
from api.storage.store import NoSuchRecord, UsernameTaken
from api.threads import ThreadsExhausted

CHALLENGE = 'Basic realm="sign-up", charset="UTF-8"'
DATABASE_RETRY = 5
"""The `Retry-After` of a database error, in seconds."""

_log = logging.getLogger(__name__)
_SCHEMA = problem_schema(validate.Range(400, 503), messages=validate.Length(equal=1))
_refusal = partial(problem_reply, schema=_SCHEMA)

_ALLOW = {"Allow": Header({"type": "string"})}
LONGEST_WAIT = 24 * 60 * 60
"""The greatest `Retry-After`, in seconds, even if a rate limit has a longer window."""

RETRY_AFTER = {
    "Retry-After": Header(
        {"type": "integer", "format": "int32", "minimum": 1, "maximum": LONGEST_WAIT},
        "How many seconds to wait before the next try, at most a day.",
    )
}

BAD_FORM = _refusal(
    "The form or a header is invalid, and errors names its fields; or the body is malformed, and "
    "the type is about:blank.",
    kinds=(INVALID_INPUT, None),
    detail=INVALID_INPUT.advice,
    errors={"username": ["Give this field."]},
)
UNAUTHORIZED = _refusal(
    "The credentials are missing, malformed or wrong. Sign in with HTTP Basic.",
    {"WWW-Authenticate": Header.constant(CHALLENGE, "How to sign in (RFC 7617).")},
)
FORBIDDEN = _refusal(
    "The form's username isn't the account's, or a page of another site sent the credentials. The "
    "type tells which.",
    kinds=(OTHER_USERNAME, CROSS_SITE),
)
NOT_FOUND = _refusal("There is no such record. Check the link.")
NO_DETAILS = _refusal("This account has given no details yet: send them with its credentials.")
NOT_ACCEPTABLE = _refusal("Accept allows none of the representations of this response.")
PRECONDITION_FAILED = _refusal(
    "If-Match or If-None-Match is false, so nothing was changed. Leave these headers out, because "
    "no response has an entity tag."
)
KEY_CONFLICT = _refusal(KEY_REUSED.detail, kinds=(KEY_REUSED,))
SIGN_UP_CONFLICT = _refusal(
    "The username is taken, or the Idempotency-Key was used with another form. The type tells "
    "which.",
    kinds=(USERNAME_TAKEN, KEY_REUSED),
)
TOO_LARGE = _refusal(
    f"The body is over {LARGEST_FORM // 1024} KiB. Send at most {LARGEST_FORM} bytes."
)
UNSUPPORTED = _refusal(
    f"The body is not a form. Send {' or '.join(FORM)}, without a content coding.",
    {
        "Accept": Header.constant(", ".join(FORM), "The media types of a form."),
        "Accept-Encoding": Header.constant(
            "identity", "The supported content coding, if the request has another.", required=False
        ),
    },
)
TOO_MANY = _refusal(TOO_MANY_REQUESTS.detail, RETRY_AFTER, kinds=(TOO_MANY_REQUESTS,))
NOTHING_CHANGED = (
    "The service is busy or unavailable, and nothing was changed. Wait as many seconds as "
    "Retry-After says."
)
UNAVAILABLE = _refusal(NOTHING_CHANGED, RETRY_AFTER)
WRITE_UNAVAILABLE = _refusal(
    "The service is busy or unavailable. The type tells whether anything may have been changed.",
    RETRY_AFTER,
    kinds=(None, OUTCOME_UNKNOWN),
    detail=NOTHING_CHANGED,
)
UNKNOWN_PATH = _refusal("There is nothing at this path. Check it against the API's document.")

UNROUTED_REPLIES = {
    204: Reply(
        description="The response to OPTIONS. Allow lists the methods.",
        headers=_ALLOW | PREFLIGHT_AT_SIGN_UP,
    ),
    400: _refusal("The request is malformed, or its Host is invalid.", OPEN_AT_SIGN_UP),
    404: UNKNOWN_PATH,
    405: _refusal(
        "The path doesn't have this method. Allow lists its methods.", _ALLOW | OPEN_AT_SIGN_UP
    ),
    414: _refusal("The path and query are too long. Shorten them.", OPEN_AT_SIGN_UP),
    417: _refusal("The value of Expect is not supported. Leave it out.", OPEN_AT_SIGN_UP),
    431: _refusal("The headers are too large. Send fewer or shorter ones.", OPEN_AT_SIGN_UP),
    501: _refusal("The transfer coding is not supported. Send none, or chunked.", OPEN_AT_SIGN_UP),
}
"""Replies to requests that reach no operation."""


_KINDS: Mapping[type[HTTPException], ProblemType] = {
    InvalidInput: INVALID_INPUT,
    TooManyRequests: TOO_MANY_REQUESTS,
}
"""The kinds of errors that aren't `Refused`."""


def problem_response(error: HTTPException) -> Response:
    """Return the error as a problem, whose `Retry-After` is at most `LONGEST_WAIT`."""
    response = problems.problem_response(error, _KINDS)
    if wait := response.headers.get("Retry-After", type=int):
        response.headers["Retry-After"] = str(min(wait, LONGEST_WAIT))
    return response


def _database_failed(error: Exception) -> Response:
    if isinstance(error, exc.DataError | exc.IntegrityError | exc.ProgrammingError):
        raise error  # A wrong statement is a defect, so the status is 500.
    _log.warning("the database can't do it now: %s", describe_error(error))
    if request.method not in ("GET", "HEAD") and may_have_succeeded(error):
        response = problem_response(Refused(503, OUTCOME_UNKNOWN))
        response.headers["Retry-After"] = str(DATABASE_RETRY)
        return response
    return problem_response(ServiceUnavailable(NOTHING_CHANGED, retry_after=DATABASE_RETRY))


def _username_taken(_: UsernameTaken) -> Response:
    g.username_taken = True  # `EnumerationLimiter` counts these responses.
    return problem_response(Refused(409, USERNAME_TAKEN))


def _hashing_busy(error: Busy) -> Response:
    return problem_response(ServiceUnavailable(NOTHING_CHANGED, retry_after=error.retry_after))


def _threads_exhausted(error: ThreadsExhausted) -> Response:
    _log.warning("no thread can be started: %s", error)
    return problem_response(ServiceUnavailable(NOTHING_CHANGED, retry_after=DATABASE_RETRY))


def handle_errors(app: Flask) -> None:
    """Return every error of the app as a problem."""
    app.register_error_handler(HTTPException, problem_response)
    app.register_error_handler(NoSuchRecord, lambda _: problem_response(NotFound()))
    app.register_error_handler(UsernameTaken, _username_taken)
    app.register_error_handler(Busy, _hashing_busy)
    app.register_error_handler(ThreadsExhausted, _threads_exhausted)
    # `TimeoutError`: all connections of the pool are in use.
    for error in (exc.DBAPIError, exc.DisconnectionError, exc.TimeoutError):
        app.register_error_handler(error, _database_failed)
