"""The shelf's error responses, in a shape of its own."""

from flask import Response, jsonify
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException, Unauthorized

from api.contract import JSON, Body, Header, Reply
from tests.contract.shelf.schemas import MOST_FIELDS, REFUSALS, Refusal

CHALLENGE = WWWAuthenticate("ApiKey", {"realm": "shelf"})


def _refusal(status: int, meaning: str, **headers: Header) -> Reply:
    body = Body(Refusal, {"error": REFUSALS[status]})
    return Reply(description=meaning, content={JSON: body}, headers=headers)


INVALID = _refusal(400, "Some fields are wrong, or the request can't be read.")
KEYLESS = _refusal(401, "The key is missing or wrong.").with_headers(
    {"WWW-Authenticate": CHALLENGE.to_header()}
)
MISSING = _refusal(404, "There is no such book.")
CSV_ALONE = _refusal(406, "Accept doesn't allow text/csv.")
TAKEN = _refusal(409, "The book is there already, or the shelf is full.")
LARGE = _refusal(413, "The body is too large.")
TYPE = _refusal(415, "The body isn't JSON.").with_headers(
    {"Accept-Encoding": Header.constant("identity", "What to use instead.", required=False)}
)

_ALLOW = {"Allow": Header({"type": "string"}, "The methods that are here.")}
UNROUTED_REPLIES = {
    200: Reply(description="To OPTIONS.", content={"text/html": Body({})}, headers=_ALLOW),
    404: Reply(description="There is nothing here.", content=MISSING.content),
    405: Reply(description="There is no such method.", content={JSON: Body({})}, headers=_ALLOW),
}


def answer(error: HTTPException) -> Response:
    """Return the error in the shelf's shape, with its headers."""
    status = error.code or 500
    wrong = sorted({name.partition(".")[0] for name in getattr(error, "errors", {})})
    said = {"error": REFUSALS.get(status, error.name)}
    body = {**said, "fields": wrong[:MOST_FIELDS]} if wrong else said
    response = jsonify(body)
    response.status_code = status
    response.headers.extend((k, v) for k, v in error.get_headers() if k != "Content-Type")
    return response


def keyless() -> Unauthorized:
    return Unauthorized(www_authenticate=CHALLENGE)
