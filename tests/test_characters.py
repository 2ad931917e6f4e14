"""Each field accepts exactly the documented characters, in any position and in both encodings."""

import string
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from api.contract import FORM
from api.fields import PASSWORD
from api.storage import store
from tests.actor import PASSWORD as GOOD
from tests.actor import Someone, assert_problem
from tests.operations import OPERATIONS, Operation
from tests.test_fields import BLANKS, CONTROLS, ENDS, SPACES

IN_USERNAMES = {*string.ascii_letters, *string.digits, *"._@+-"}
BESIDE = {chr(ord(c) + step) for c in SPACES + CONTROLS for step in (-1, 1) if ord(c) + step >= 0}
IN_NAMES = sorted({*SPACES, *CONTROLS, *BESIDE, "é", "王", "\U0001f600"})

NAMING = [each for each in OPERATIONS if {"firstname", "lastname"} <= each.fields.keys()]
EACH_ENCODING = pytest.mark.parametrize("encoding", FORM)


@pytest.fixture
def someone(make_app_at: Callable[..., Flask], sqlite_url: str) -> Someone:
    return Someone(make_app_at(sqlite_url, ratelimit_enabled=False).test_client())


def assert_accepted(
    ask: Callable[[str], int], texts: Iterable[str], good: Callable[[str], bool], status: int
) -> None:
    """Assert that the texts in `good` are accepted, and that the others are invalid forms."""
    wrong = {text: said for text in texts if (said := ask(text)) != (status if good(text) else 400)}
    assert not wrong


@EACH_ENCODING
def test_a_username_is_made_of_the_listed_characters_alone(encoding: str, someone: Someone) -> None:
    def gives(text: str) -> int:
        form = {"username": text, "lastname": "king"}
        return someone.posts(form, encoding).status_code

    def signs_up(text: str) -> int:
        return someone.posts({"username": text}, encoding, "/userSignUp").status_code

    # The last one is the Kelvin sign.
    texts = [f"{code}{chr(code)}" for code in [*range(0x101), 0x212A]]
    for ask, status in (gives, 201), (signs_up, 200):
        assert_accepted(ask, texts, lambda text: set(text) <= IN_USERNAMES, status)


@EACH_ENCODING
@pytest.mark.parametrize("field", ["firstname", "lastname"])
@pytest.mark.parametrize("operation", NAMING, ids=lambda each: each.id)
def test_a_name_takes_all_but_controls_and_is_kept_exactly(
    operation: Operation, field: str, encoding: str, someone: Someone
) -> None:
    link = someone.gives_details().headers["Location"]
    at = operation.address(link)

    def gives(text: str) -> int:
        form = {"username": "sam", "lastname": "king", field: text}
        answer = someone.asks(operation.method, at, data=form, content_type=encoding)
        if answer.status_code == operation.status:
            kept = someone.reads(answer.headers.get("Location", link))
            assert kept.get_json()[field] == text
        return answer.status_code

    def good(text: str) -> bool:
        invisible = field == "lastname" and set(text) <= {*SPACES, *BLANKS}
        return set(text).isdisjoint(CONTROLS) and not invisible

    texts = [t for c in IN_NAMES for t in (c, f"{c}k", f"k{c}", f"{c}{c}k{c}{c}")]
    assert_accepted(gives, texts + ENDS, good, operation.status)


@EACH_ENCODING
def test_a_password_takes_all_but_controls(encoding: str, someone: Someone) -> None:
    numbers = iter(range(1000))

    def signs_up(text: str) -> int:
        form = {"username": f"sam{next(numbers)}", "password": text}
        return someone.posts(form, encoding, "/userSignUp").status_code

    texts = [f"{GOOD}{character}" for character in IN_NAMES]
    assert_accepted(signs_up, texts, lambda text: set(text).isdisjoint(CONTROLS), 200)


@pytest.mark.parametrize("word", PASSWORD.refused)
def test_a_well_known_password_is_refused_and_a_longer_one_taken(
    word: str, someone: Someone
) -> None:
    """Checklist 29."""
    refused = someone.signs_up("ada", word)
    assert_problem(refused, 400, password=["This value is too common. Choose another."])
    longer = f"{word}0"
    assert someone.signs_up("ada", longer).status_code == (
        400 if longer in PASSWORD.refused else 200
    )


def test_a_link_is_read_whatever_its_letter_case(someone: Someone) -> None:
    links = [someone.gives_details().headers["Location"] for _ in range(30)]
    for link in links:
        start, slash, key = link.rpartition("/")
        shouted = f"{start}{slash}{key.upper()}"
        assert someone.reads(shouted).data == someone.reads(link).data
        assert someone.deletes(shouted).status_code == 204
        assert someone.reads(link).status_code == 404


def test_a_link_is_made_of_hexadecimal_digits_alone(someone: Someone) -> None:
    """Any other character in the id is 404, also in ids that are too short or too long."""
    link = someone.gives_details().headers["Location"]
    wrong = [f"{link[:-1]}{character}" for character in ".:@G`g\u00e9\u0663"]
    for other in [*wrong, link[:-1], f"{link}0", f"{link}%0A"]:
        assert someone.reads(other).status_code == 404
        assert someone.deletes(other).status_code == 404
    assert someone.reads(link).status_code == 200


def test_timestamps_have_microseconds(someone: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [
        datetime(year, 1, 1, tzinfo=UTC)
        + n * timedelta(days=37, hours=5, minutes=7, seconds=11, microseconds=123_457)
        for year in (1023, 4567, 8901)
        for n in range(30)
    ]
    for moment in moments:
        monkeypatch.setattr(store, "datetime", _At(moment))
        link = someone.gives_details().headers["Location"]
        assert someone.reads(link).get_json()["createdAt"] == f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


class _At:
    """A clock that always shows the same time."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self, _zone: object) -> datetime:
        return self._moment
