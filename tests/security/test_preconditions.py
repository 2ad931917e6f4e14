"""A request with a false precondition changes nothing, and one with a true one is executed."""

import pytest
from flask import Flask

from tests.actor import Someone, assert_problem
from tests.commanding import database_contents
from tests.operations import NO_RECORD, OPERATIONS, Operation, sign_up_with_records

STALE = [
    {"If-Match": '"v1"'},
    {"If-Match": 'W/"v1"'},
    {"If-Match": '"a", "b"'},
    {"If-Match": ""},
    {"If-Match": "v1"},
    {"If-Match": '*, "a"'},
]
ABSENT = [{"If-Match": "*"}, {"If-Match": "*", "If-None-Match": '"v1"'}]
PRESENT = [{"If-None-Match": "*"}, {"If-Match": "*", "If-None-Match": "*"}]
TRUE = [
    {"If-None-Match": '"v1"'},
    {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    {"If-Range": '"v1"'},
]


FALSE = {True: [*STALE, *PRESENT], False: [*STALE, *ABSENT]}
"""False preconditions, by whether the operation is about an existing record. The target of a POST
has no representation, so that `If-Match: *` is false too."""
HOLD = {True: [*TRUE, *ABSENT], False: [*TRUE, PRESENT[0]]}


def cases(table: dict[bool, list[dict[str, str]]]) -> pytest.MarkDecorator:
    """Each operation that writes, combined with each of the preconditions in the table."""
    writing = [each for each in OPERATIONS if each.writes]
    each = [(each, headers) for each in writing for headers in table[each.by_link]]
    ids = [f"{operation.id} {headers}" for operation, headers in each]
    return pytest.mark.parametrize(("operation", "headers"), each, ids=ids)


@cases(FALSE)
def test_nothing_is_changed_where_the_precondition_is_false(
    app: Flask, database_url: str, operation: Operation, headers: dict[str, str]
) -> None:
    link = sign_up_with_records(app)[operation.id]
    before = database_contents(database_url)
    assert_problem(operation.ask(Someone(app.test_client()), link, headers=headers), 412)
    assert database_contents(database_url) == before


@cases(HOLD)
def test_a_request_is_done_where_the_precondition_holds(
    app: Flask, database_url: str, operation: Operation, headers: dict[str, str]
) -> None:
    link = sign_up_with_records(app)[operation.id]
    before = database_contents(database_url)
    done = operation.ask(Someone(app.test_client()), link, headers=headers)
    assert done.status_code == operation.status
    assert database_contents(database_url) != before


@pytest.mark.parametrize("headers", [*STALE, *ABSENT, *PRESENT, *TRUE])
def test_where_no_record_is_404_comes_before_412(someone: Someone, headers: dict[str, str]) -> None:
    for operation in OPERATIONS:
        if operation.by_link:
            assert_problem(operation.ask(someone, NO_RECORD, headers=headers), 404)


@pytest.mark.parametrize("headers", [*STALE, *ABSENT, *PRESENT, *TRUE])
def test_reading_changes_nothing_and_ignores_preconditions(
    app: Flask, headers: dict[str, str]
) -> None:
    links, someone = sign_up_with_records(app), Someone(app.test_client())
    for operation in OPERATIONS:
        if not operation.writes:
            read = operation.ask(someone, links[operation.id], headers=headers)
            assert read.status_code == operation.status
    link = links[operation.id]
    assert someone.asks("HEAD", link, headers=headers).status_code == 200


def test_a_key_is_not_used_up_by_a_form_that_a_precondition_kept_out(someone: Someone) -> None:
    key = {"Idempotency-Key": '"9a4e3f1c-52f1-4d3b-a7d8-0b9f6a526a0e"'}
    assert_problem(someone.gives_details({"headers": key | STALE[0]}), 412)
    assert someone.gives_details({"headers": key}, lastname="other").status_code == 201
