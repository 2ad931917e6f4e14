"""Each field is taken at its bounds and refused beyond them, in both encodings."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from api.contract import FORM
from tests.actor import Someone, assert_problem

CREATE, SIGN_UP = "/userDetails", "/userSignUp"
NEEDED: dict[str, dict[str, str]] = {
    CREATE: {"username": "sam", "lastname": "king"},
    SIGN_UP: {"username": "sam"},
}


class Bounds(NamedTuple):
    """How many characters a field of the form at this path may have."""

    path: str
    field: str
    least: int
    most: int


LENGTHS = [
    Bounds(CREATE, "username", 1, 150),
    Bounds(CREATE, "firstname", 0, 150),
    Bounds(CREATE, "lastname", 1, 150),
    Bounds(SIGN_UP, "username", 1, 150),
    Bounds(SIGN_UP, "password", 15, 256),
]

EACH_ENCODING = pytest.mark.parametrize("encoding", FORM)
EACH_FIELD = pytest.mark.parametrize("bounds", LENGTHS, ids=lambda b: f"{b.path} {b.field}")


@pytest.fixture
def someone(make_app_at: Callable[..., Flask], sqlite_url: str) -> Someone:
    return Someone(make_app_at(sqlite_url).test_client())


def gives(someone: Someone, path: str, encoding: str, **fields: Any) -> Any:
    return someone.posts(MultiDict(NEEDED[path] | fields), encoding, path)


@EACH_ENCODING
@EACH_FIELD
def test_a_field_has_its_shortest_and_its_longest_text(
    bounds: Bounds, encoding: str, someone: Someone
) -> None:
    path, field, least, most = bounds
    for length in range(max(0, least - 1), most + 2):
        if length in (0, least - 1, least, most, most + 1):
            free = {"username": f"sam{length}"}
            answer = gives(someone, path, encoding, **free | {field: "x" * length})
            assert (answer.status_code < 400) == (least <= length <= most), length
            if length not in range(least, most + 1):
                rule = f"{least} to {most}" if least else f"at most {most}"
                assert f"Give {rule} characters." in answer.get_json(True)["errors"][field]


@EACH_ENCODING
@EACH_FIELD
def test_a_field_that_is_needed_is_asked_for_and_none_is_taken_twice(
    bounds: Bounds, encoding: str, someone: Someone
) -> None:
    path, field, least, most = bounds
    without = {name: text for name, text in NEEDED[path].items() if name != field}
    answer = someone.posts(without, encoding, path)
    if field in NEEDED[path]:
        assert_problem(answer, 400, **{field: ["Give this field."]})
    else:
        assert answer.status_code < 400
    twice = gives(someone, path, encoding, **{field: ["x" * least, "y" * most]})
    assert_problem(twice, 400, **{field: ["Give this field once."]})


def test_one_that_gave_no_first_name_reads_none(someone: Someone) -> None:
    assert someone.signs_up("sam", "an otter counts nine moons").status_code == 200
    sam = someone.signs_in("sam", "an otter counts nine moons")
    assert sam.gives_details(firstname=None).status_code == 201
    assert sam.reads_own().get_json()["firstname"] is None
