"""Check the responses to a case's bytes against the document."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache

import yaml
from flask import Response
from werkzeug.datastructures import Headers

from api.contract.problems import problem
from api.contract.proof.document import Document
from api.contract.proof.exchanges import Exchange
from api.contract.proof.masks import without_marks
from api.contract.proof.rules import response_faults
from api.errors import UNROUTED_REPLIES
from api.observability.request_log import REQUEST_ID_HEADER
from api.security.browsers import COMMON_HEADERS
from api.server.refusals import REFUSALS
from tests.clients import RawResponse
from tests.serving import REPOSITORY, Server
from tests.tools.abuse_smuggled import Case

UNKNOWN_CODING = "Send the body with no transfer coding but chunked."
_OPEN = "access-control-allow-origin"


@cache
def _document() -> Document:
    return Document(yaml.safe_load((REPOSITORY / "openapi.yaml").read_text(encoding="utf-8")))


def wrong(case: Case, answers: list[RawResponse]) -> list[str]:
    """Return what is wrong with the responses."""
    statuses = tuple(answer.status for answer in answers)
    if statuses != case.answers:
        return [f"{statuses}, not {case.answers}"]
    return [breach for answer in answers for breach in _breaches(case, answer)]


def _breaches(case: Case, answer: RawResponse) -> Iterator[str]:
    """Yield the violations, as a response of the operation or as one that belongs to no operation.

    The latter contain no data, so that any origin may read them.
    """
    method, _, target = case.sent.split(b"\r\n")[0].decode("latin-1").partition(" ")
    path = target.partition(" ")[0]
    known = path == "/userDetails" and _document().operation(path, method)
    declared = known and known.responses.get(str(answer.status))
    if declared and _OPEN not in answer.headers:
        received = Headers(list(answer.headers.items()))
        exchange = Exchange(method, path, "", Headers(), None, answer.status, received, answer.body)
        faults = response_faults(_document(), declared, exchange)
        yield from (without_marks(text) for _, text in faults)
    elif beside := UNROUTED_REPLIES.get(answer.status):
        yield from beside.with_headers(COMMON_HEADERS | REQUEST_ID_HEADER).violations(
            Response(answer.body, answer.status, answer.headers)
        )
        details = {detail for status, detail in REFUSALS.values() if status == answer.status}
        details |= {UNKNOWN_CODING if answer.status == 501 else "", beside.description}
        if json.loads(answer.body) not in [problem(answer.status, d) for d in details if d]:
            yield f"{answer.status}: {answer.body!r}"
    elif (answer.status, json.loads(answer.body)) != (200, {"status": "ok"}):
        yield f"{answer.status} isn't declared: {answer.body!r}"


def stored(server: Server) -> tuple[int, int]:
    """Return the numbers of records and accounts."""
    with closing(sqlite3.connect(server.log.parent / "signup.db")) as database:
        tables = ("user_details", "accounts")
        records, accounts = (
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
        )
    return records, accounts
