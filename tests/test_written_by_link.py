"""Each operation that writes a record by its link: its refusals, its headers and its effect."""

from operator import attrgetter
from typing import Any

import pytest
from flask import Flask

from tests.actor import Someone, assert_problem
from tests.commanding import database_contents
from tests.contract.test_http import allow_of
from tests.operations import (
    NO_METHOD,
    NO_RECORD,
    OPERATIONS,
    URLENCODED,
    Operation,
    sign_up_with_records,
)

ALL_WRONG: dict[str, Any] = {
    "headers": {"If-Match": '"v1"', "Accept": "image/png", "Authorization": "Basic broken"},
    "data": b"x" * 20_000,
    "content_type": "text/plain",
}


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.by_link and each.writes], ids=attrgetter("id")
)
def test_it_changes_its_record_alone_and_nothing_if_it_is_refused(
    app: Flask, database_url: str, operation: Operation
) -> None:
    """An unknown link is 404 before all other refusals but 405."""
    links, someone = sign_up_with_records(app), Someone(app.test_client())
    link, before = links[operation.id], database_contents(database_url)
    unknown = operation.ask(someone, NO_RECORD, **ALL_WRONG)
    without_method = someone.asks(NO_METHOD, link, **ALL_WRONG)
    refused = [
        (404, unknown),
        (405, without_method),
        (412, operation.ask(someone, link, headers={"If-Match": '"v1"'})),
    ]
    if operation.form:
        refused += [
            (415, operation.ask(someone, link, data=None)),
            (415, operation.ask(someone, link, data=b"x", content_type="text/plain")),
            (400, operation.ask(someone, link, data=b"username=%FF", content_type=URLENCODED)),
        ]
    for status, answer in refused:
        assert_problem(answer, status)
    assert allow_of(without_method) == allow_of(someone.asks("OPTIONS", link))
    assert operation.method in allow_of(without_method)
    assert database_contents(database_url) == before
    done = operation.ask(someone, link, headers={"If-Match": "*"})
    assert done.status_code == operation.status
    for answer in done, *(answer for _, answer in refused):
        assert answer.headers.getlist("Cache-Control") == ["no-store"]
        assert not {"ETag", "Last-Modified", "Expires"} & {*answer.headers.keys()}
    after = database_contents(database_url)
    changed = {*before["user_details"]} ^ {*after["user_details"]}
    assert {str(row[1]) for row in changed} == {link.rpartition("/")[2]}
    assert after["accounts"] == before["accounts"]
