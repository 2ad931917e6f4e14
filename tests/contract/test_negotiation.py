"""The representation of a success is chosen by the `Accept` header."""

import itertools
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.contract.negotiation import choose
from tests.actor import Someone

PLAIN, HTML, JSON = "text/plain", "text/html", "application/json"
PRODUCED = (JSON, PLAIN, HTML)
SAYS = {
    PLAIN: ("text/plain; charset=utf-8", "Success"),
    HTML: ("text/html; charset=utf-8", "<h1>Success</h1>"),
}

ACCEPTED = {
    # No preference.
    None: JSON,
    "": JSON,
    " ": JSON,
    "*/*": JSON,
    "*/*;q=0.1": JSON,
    "text/*": PLAIN,
    # One range.
    PLAIN: PLAIN,
    HTML: HTML,
    JSON: JSON,
    "application/*": JSON,
    "TEXT/HTML": HTML,
    "text/html;charset=UTF-8": HTML,
    'text/html; charset="utf-8"; q=0.5': HTML,
    "application/json;charset=utf-8": JSON,
    # Ties are decided by the client's order.
    f"{HTML}, {JSON}": HTML,
    f"{JSON}, {HTML}": JSON,
    f"{JSON}, {HTML}, {PLAIN}": JSON,
    f"{HTML}, {PLAIN}": HTML,
    f"{JSON},*/*": JSON,
    f"*/*,{PLAIN}": JSON,
    f"{PLAIN},*/*": PLAIN,
    f"{HTML},text/*,{PLAIN}": HTML,
    f"{JSON};q=0.5, {HTML};q=0.5": JSON,
    "application/xml, application/json, text/html": JSON,
    "application/*, text/*": JSON,
    # The better quality wins, in any position.
    f"{HTML};q=0.5, {JSON}": JSON,
    f"{JSON};q=0.9, {HTML};q=0.91": HTML,
    f"{PLAIN};q=0.001, {JSON};q=0.002": JSON,
    f"{PLAIN};Q=0.1,{HTML};q=1.000": HTML,
    f"{PLAIN};q=0, {HTML};q=0.001": HTML,
    f"{JSON} ; q=0.5 , {HTML} ; q=0.6": HTML,
    # The most specific range decides, even if a less specific one matches too.
    f"*/*, {PLAIN};q=0": JSON,
    f"*/*, {JSON};q=0": PLAIN,
    f"{HTML}, */*;q=0.9": HTML,
    f"text/*, {PLAIN};q=0": HTML,
    f"{PLAIN};q=0, text/*;q=0.5, */*;q=0.1": HTML,
    "text/*;q=0, */*": JSON,
    "*/*, text/*;q=0": JSON,
    # Of equally specific ranges, the first one decides.
    f"{HTML};q=0.1, {JSON};q=0.5, {HTML};q=1": JSON,
    f"*/*;q=1, {JSON};q=0.5, {HTML};q=0.5": PLAIN,
    f"text/*;q=0.3, {HTML};q=0.7, */*;q=0.5": HTML,
    f"*/*;q=0, {JSON}": JSON,
    # Headers of real browsers and programs.
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8": HTML,
    "application/json, text/plain, */*": JSON,
    "application/json, */*;q=0.5": JSON,
    "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2": HTML,
}


def header(accept: str | None) -> dict[str, Any]:
    return {} if accept is None else {"headers": {"Accept": accept}}


def assert_says_success(response: TestResponse, status: int, media_type: str) -> None:
    assert response.status_code == status, response.text
    if media_type == JSON:
        assert response.content_type == JSON
        assert response.get_json()["message"] == "Success"
        assert response.text.endswith("}\n")
        assert set(response.get_json()) == ({"message", "id"} if status == 201 else {"message"})
    else:
        assert (response.content_type, response.text) == SAYS[media_type]


@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_offer_that_is_accepted_best_is_chosen(accept: str | None) -> None:
    assert choose(PRODUCED, accept) == ACCEPTED[accept]


@pytest.mark.parametrize(
    "malformed", ["text", "/", "text/html/x", "*/html", "*", "text/html;q=2", "text/html;a=b"]
)
def test_a_malformed_range_counts_for_nothing(malformed: str) -> None:
    assert choose((PLAIN, HTML), malformed) is None
    assert choose((PLAIN, HTML), f"{malformed}, {HTML};q=0.1") == HTML
    assert choose((PLAIN, HTML), f"{malformed}, */*;q=0.1") == PLAIN


def test_without_representations_none_is_chosen() -> None:
    assert choose((), None) is choose((), "*/*") is None


def test_both_successes_come_in_the_representation_that_is_accepted_best(
    someone: Someone, subtests: pytest.Subtests
) -> None:
    """Checklist 8."""
    for number, (accept, media_type) in enumerate(ACCEPTED.items()):
        with subtests.test(str(accept)):
            assert_says_success(someone.gives_details(header(accept)), 201, media_type)
            signed_up = someone.signs_up(f"sam{number}", **header(accept))
            assert_says_success(signed_up, 200, media_type)


def test_several_headers_are_one_list(someone: Someone) -> None:
    for media_types in itertools.permutations([PLAIN, HTML, JSON]):
        several = {"headers": [("Accept", media_type) for media_type in media_types]}
        assert_says_success(someone.gives_details(several), 201, media_types[0])
