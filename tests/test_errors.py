"""Exceptions become problem responses, with the text and the headers of the declared reply."""

import logging
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import exc
from werkzeug.exceptions import (
    BadRequest,
    ImATeapot,
    MethodNotAllowed,
    NotFound,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)
from werkzeug.test import TestResponse

from api import errors
from api.contract import Gate, InvalidInput, UnsupportedCoding, message, operation
from api.contract.problems import problem, sort_methods
from api.errors import handle_errors
from api.security.passwords import Busy
from api.storage.store import NoSuchRecord, UsernameTaken

FAULT = "The service failed. Try again later."
REPLIES = {
    200: message("Done", "It is done."),
    400: errors.BAD_FORM,
    401: errors.UNAUTHORIZED,
    404: errors.NOT_FOUND,
    405: errors.UNROUTED_REPLIES[405],
    409: errors.SIGN_UP_CONFLICT,
    415: errors.UNSUPPORTED,
    503: errors.UNAVAILABLE,
}


class Varied(NotFound):
    """An exception with a header whose values have no fixed order."""

    def get_headers(self, *_: Any, **__: Any) -> list[tuple[str, str]]:
        return [("Vary", "Origin, Accept")]


def answer(raised: Exception) -> TestResponse:
    """Return the response in production if a view raises this exception."""

    def fail() -> Any:
        raise raised

    app = Flask("small")
    Gate(app)
    handle_errors(app)
    app.get("/it")(operation(REPLIES)(fail))
    return app.test_client().get("/it")


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)


def test_a_problem_says_no_more_than_its_status_and_what_to_do() -> None:
    known = {"type": "about:blank", "title": "Content Too Large", "status": 413, "detail": "Less."}
    assert problem(413, "Less.") == known
    assert problem(413, "Less.", errors={"a": ["b"]}) == known | {"errors": {"a": ["b"]}}


@pytest.mark.parametrize(
    ("raised", "status", "detail"),
    [
        (NotFound(), 404, "There is no such record. Check the link."),
        (NoSuchRecord(), 404, "There is no such record. Check the link."),
        (UsernameTaken("sam"), 409, "The username is taken. Choose another."),
        (BadRequest("Send it whole."), 400, "Send it whole."),
        (InvalidInput({}), 400, "Correct the fields named in errors, and send the request again."),
        (ImATeapot(), 418, FAULT),
        (RuntimeError("inside"), 500, FAULT),
    ],
    ids=lambda part: type(part).__name__,
)
def test_an_error_has_its_own_detail_or_that_of_its_reply(
    raised: Exception, status: int, detail: str
) -> None:
    response = answer(raised)
    assert response.status_code == status and response.content_type == "application/problem+json"
    body = response.get_json(force=True)
    assert (body["status"], body["detail"]) == (status, detail) and "errors" not in body


def test_invalid_fields_are_named() -> None:
    response = answer(InvalidInput({"a": ["Give this field."]})).get_json(force=True)
    assert response["errors"] == {"a": ["Give this field."]}


@pytest.mark.parametrize(
    ("raised", "seconds"),
    [
        (exc.OperationalError("SELECT 1", {}, Exception("gone")), "5"),
        (exc.InterfaceError("SELECT 1", {}, Exception("gone")), "5"),
        (exc.DisconnectionError(), "5"),
        (exc.TimeoutError(), "5"),
        (Busy(7), "7"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_a_503_has_retry_after(
    raised: Exception, seconds: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = answer(raised)
    assert (response.status_code, response.headers.getlist("Retry-After")) == (503, [seconds])
    # A long queue for password hashing is no fault of the database.
    wanted = [] if isinstance(raised, Busy) else ["api.errors"]
    assert [record.name for record in caplog.records] == wanted
    said = "the database can't do it now: "
    assert all(record.getMessage().startswith(said) for record in caplog.records)


def test_the_retry_after_of_an_error_is_a_day_at_most() -> None:
    for seconds, expected in (
        (86_399, "86399"),
        (86_400, "86400"),
        (86_401, "86400"),
        (10**9, "86400"),
    ):
        assert answer(TooManyRequests(retry_after=seconds)).headers["Retry-After"] == expected


@pytest.mark.parametrize("kind", [exc.DataError, exc.IntegrityError, exc.ProgrammingError])
def test_a_statement_that_is_wrong_is_our_fault(kind: type[exc.DBAPIError]) -> None:
    assert answer(kind("SELECT 1", {}, Exception("wrong"))).status_code == 500


def test_an_error_has_the_headers_that_its_reply_must_have_and_those_it_brings() -> None:
    challenge = 'Basic realm="sign-up", charset="UTF-8"'
    assert answer(Unauthorized()).headers["WWW-Authenticate"] == challenge
    media_types = "application/x-www-form-urlencoded, multipart/form-data"
    assert answer(UnsupportedMediaType()).headers["Accept"] == media_types
    assert "Accept-Encoding" not in answer(UnsupportedMediaType()).headers
    assert answer(UnsupportedCoding()).headers["Accept-Encoding"] == "identity"
    refused = answer(MethodNotAllowed(["POST", "GET", "DELETE"]))
    assert refused.headers["Allow"] == "DELETE, GET, POST" == sort_methods("POST, GET, DELETE")
    assert answer(Varied()).headers["Vary"] == "Origin, Accept"
    assert refused.headers.getlist("Content-Type") == ["application/problem+json"]
