"""An `Accept` without an available representation is 406, before anything is stored."""

import pytest
from flask import Flask

from api.fields import LASTNAME
from tests.actor import Someone, assert_problem
from tests.commanding import database_contents
from tests.contract.test_negotiation import HTML, JSON, PLAIN, assert_says_success, header
from tests.operations import EACH_OPERATION, Operation, sign_up_with_records

REFUSED = [
    *("application/xml", "image/*", "text/csv", "application/problem+json", "application/json5"),
    *("*/*;q=0", f"{PLAIN};q=0", f"{JSON};q=0.000", f"text/*;q=0, {HTML};q=0, {JSON};q=0"),
    *("text/html;charset=utf-16", "text/html;level=1", "application/json;version=2"),
]
MALFORMED = [
    *("*", "text", "/", "text/", "/html", "//", "text/html/x", "*/html", "*/plain", "a" * 8000),
    *(";", ",", ",,,", ";,;", "; q=1", ";q=", "text/html;", "text/html;;q=1", "text/html;q"),
    *(f"text/html;q={q}" for q in ["", "x", "-1", "2", "1.1", "nan", "inf", "1e400", "1,5", "½"]),
    *('"', '"text/html', 'text/html;q="1', 'text/html;x="', "text/html;charset*=utf-8''x"),
    *("text/html;q=1;q=0", "text/html q=1", "text html", "\xff/\xfe", "text/html;\xff=1", "\\"),
    *("text/html;charset*=made-up'%ff'%ff", "text/html;a*0*=x''%;a*1=b;a*x*=c", "%00", "(x)", "\t"),
    *(",".join(["*/*"] * 2000), "text/html" + ";x=1" * 2000, "text/html;q=0." + "9" * 5000),
]


@EACH_OPERATION
def test_an_unacceptable_request_is_406_before_anything_is_stored(
    app: Flask, database_url: str, operation: Operation, subtests: pytest.Subtests
) -> None:
    """Checklist 8: the 406 lists the available ones. An empty success is always acceptable."""
    sign_up_with_records(app)
    someone = Someone(app.test_client())
    for accept in REFUSED:
        link = someone.gives_details().headers["Location"]
        before = database_contents(database_url)
        with subtests.test(accept):
            answer = operation.ask(someone, link, **header(accept))
            if operation.produces:
                assert_problem(answer, 406)
                detail = answer.get_json(force=True)["detail"]
                assert all(media_type in detail for media_type in operation.produces)
                assert database_contents(database_url) == before
            else:
                assert answer.status_code == operation.status


def test_a_malformed_accept_counts_for_nothing_and_is_never_a_5xx(
    someone: Someone, ada: Someone, subtests: pytest.Subtests
) -> None:
    """Checklist 8."""
    for number, accept in enumerate(MALFORMED):
        with subtests.test(ascii(accept[:60])):
            assert someone.gives_details(header(accept)).status_code in (201, 406)
            assert someone.signs_up(f"sam{number}", **header(accept)).status_code in (200, 406)
            assert ada.reads_own(**header(accept)).status_code in (404, 406)
            # Next to it, a well-formed range counts.
            beside = someone.gives_details(header(f"{JSON}, {accept}"))
            if accept.count('"') != 1:
                assert_says_success(beside, 201, JSON)
            assert beside.status_code in (201, 406)


def test_details_are_json_or_nothing(someone: Someone, ada: Someone) -> None:
    """Checklist 8."""
    link = ada.gives_details(username="ada").headers["Location"]
    for accept in None, "*/*", JSON, "application/*", f"{HTML}, {JSON};q=0.1":
        for read in someone.reads(link, **header(accept)), ada.reads_own(**header(accept)):
            assert (read.status_code, read.content_type) == (200, JSON)
    for accept in PLAIN, HTML, "text/*", f"{JSON};q=0", f"*/*, {JSON};q=0":
        for read in someone.reads(link, **header(accept)), ada.reads_own(**header(accept)):
            assert_problem(read, 406)
            assert JSON in read.get_json(force=True)["detail"]


def test_an_error_is_a_problem_whatever_is_accepted(someone: Someone) -> None:
    """Checklist 16."""
    for accept in PLAIN, HTML, JSON, "*/*", None:
        assert_problem(
            someone.gives_details(header(accept), lastname="\n"),
            400,
            lastname=[LASTNAME.pattern_message],
        )
        assert_problem(someone.reads("/nowhere", **header(accept)), 404)
