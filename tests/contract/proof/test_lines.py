"""The lines of a document that describe behaviour, which the proof must cover."""

import pytest

from api.contract.proof.lines import Line, is_normative
from api.contract.proof.schemas import CHECKED_FORMATS
from api.contract.proof.values import fits
from api.contract.readings import Place

BOOK: Place = ("components", "schemas", "Book", "properties")


@pytest.mark.parametrize("name", ["title", "tags", "description", "default"])
def test_a_field_may_have_the_name_of_what_is_for_people(name: str) -> None:
    assert is_normative(Line((*BOOK, name, "type"), 1, "string"))
    assert not is_normative(Line((*BOOK, name, "title"), 1, "A title"))
    assert not is_normative(Line((*BOOK, "id", name), 1, "A title"))
    assert not is_normative(Line((*BOOK, "id", "examples", 0, name), 1, "A title"))


def test_only_a_format_that_is_checked_says_what_will_happen() -> None:
    for name in [*CHECKED_FORMATS, "hostname", "regex", "password", "int32"]:
        is_checked = not all(fits({"format": name}, text) for text in ("(", "{"))
        assert is_normative(Line((*BOOK, "id", "format"), 1, name)) == is_checked


def test_an_extension_says_nothing_of_requests_and_responses() -> None:
    assert not is_normative(Line(("servers", 0, "x-internal"), 1, "false"))
    assert is_normative(Line((*BOOK, "x-internal", "type"), 1, "string"))
