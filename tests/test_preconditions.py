"""A request whose precondition is false changes nothing; one whose precondition holds is done."""

from uuid import uuid4

import pytest

from tests.actor import Someone, assert_problem

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


@pytest.mark.parametrize("headers", [*STALE, *ABSENT])
def test_a_form_is_not_taken_where_the_precondition_is_false(
    ada: Someone, headers: dict[str, str]
) -> None:
    """The target of a POST has no representation, so that If-Match: * is false too."""
    assert_problem(ada.gives_details({"headers": headers}, username="ada"), 412)
    assert_problem(ada.signs_up("bob", headers=headers), 412)
    assert_problem(ada.reads_own(), 404)
    assert ada.signs_up("bob").status_code == 200


@pytest.mark.parametrize("headers", [*TRUE, PRESENT[0]])
def test_a_form_is_taken_where_the_precondition_holds(
    someone: Someone, headers: dict[str, str]
) -> None:
    assert someone.gives_details({"headers": headers}).status_code == 201
    assert someone.signs_up("bob", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [*STALE, *PRESENT])
def test_a_record_stays_where_the_precondition_is_false(
    someone: Someone, headers: dict[str, str]
) -> None:
    link = someone.gives_details().headers["Location"]
    assert_problem(someone.deletes(link, headers=headers), 412)
    assert someone.reads(link).status_code == 200


@pytest.mark.parametrize("headers", [*TRUE, *ABSENT])
def test_a_record_is_deleted_where_the_precondition_holds(
    someone: Someone, headers: dict[str, str]
) -> None:
    link = someone.gives_details().headers["Location"]
    assert someone.deletes(link, headers=headers).status_code == 204
    assert_problem(someone.reads(link), 404)


@pytest.mark.parametrize("headers", [*STALE, *ABSENT, *PRESENT, *TRUE])
def test_where_no_record_is_404_comes_before_412(someone: Someone, headers: dict[str, str]) -> None:
    assert_problem(someone.deletes(f"/userDetails/{uuid4()}", headers=headers), 404)


@pytest.mark.parametrize("headers", [*STALE, *ABSENT, *PRESENT, *TRUE])
def test_reading_changes_nothing_and_ignores_preconditions(
    someone: Someone, headers: dict[str, str]
) -> None:
    link = someone.gives_details().headers["Location"]
    for method in "GET", "HEAD":
        assert someone.asks(method, link, headers=headers).status_code == 200


def test_a_key_is_not_used_up_by_a_form_that_a_precondition_kept_out(someone: Someone) -> None:
    key = {"Idempotency-Key": '"9a4e3f1c-52f1-4d3b-a7d8-0b9f6a526a0e"'}
    assert_problem(someone.gives_details({"headers": key | STALE[0]}), 412)
    assert someone.gives_details({"headers": key}, lastname="other").status_code == 201
