"""A client that lost the response retries with the same key, and gets the first response again."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from api.problem_types import KEY_REUSED, USERNAME_TAKEN
from api.storage.tables import accounts, idempotency_keys, user_details
from tests.actor import PASSWORD, Someone, assert_kind, assert_problem

KEY, OTHER = "8e03978e-40d5-43dd-bc93-6894a57f9324", "another-key-of-someone"


def keyed(key: str = KEY, **headers: str) -> dict[str, Any]:
    """Return request arguments with this key."""
    return {"headers": {"Idempotency-Key": key, "Accept": "application/json"} | headers}


def counted(app: Flask) -> tuple[int, int, int]:
    """Return the numbers of accounts, records and keys."""
    with app.extensions["store"].database.engine.connect() as connection:
        tables = (accounts, user_details, idempotency_keys)
        counts = [connection.scalar(select(func.count()).select_from(table)) for table in tables]
    return counts[0] or 0, counts[1] or 0, counts[2] or 0


def test_details_sent_again_are_the_same_record(app: Flask, someone: Someone) -> None:
    first = someone.gives_details(keyed())
    assert first.status_code == 201
    for accept in "application/json", "text/plain", "text/html":
        again = someone.gives_details(keyed(Accept=accept))
        assert (again.status_code, again.mimetype) == (201, accept)
        assert again.headers["Location"] == first.headers["Location"]
        if accept == "application/json":
            assert again.get_json() == first.get_json()
    assert someone.reads(first.headers["Location"]).status_code == 200
    assert counted(app) == (0, 1, 1)


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_sign_up_sent_again_is_no_conflict(
    app: Flask, someone: Someone, password: str | None
) -> None:
    for accept in "application/json", "text/plain", "text/html":
        answer = someone.signs_up("ada", password, **keyed(Accept=accept))
        assert (answer.status_code, answer.mimetype) == (200, accept)
    assert counted(app) == (1, 0, 1)
    assert_kind(someone.signs_up("ada", password, **keyed(OTHER)), 409, USERNAME_TAKEN)
    assert_kind(someone.signs_up("ada", password), 409, USERNAME_TAKEN)


def test_without_a_key_nothing_is_the_same(app: Flask, someone: Someone) -> None:
    assert [someone.gives_details().status_code for _ in range(2)] == [201] * 2
    assert counted(app) == (0, 2, 0)


def test_the_same_form_is_the_same_however_it_is_written(app: Flask, someone: Someone) -> None:
    first = someone.posts(b"username=sam&lastname=king", "application/x-www-form-urlencoded",
                          **keyed())  # fmt: skip
    form = {"lastname": "king", "unknown": "field", "firstname": "", "username": "sam"}
    again = someone.posts(form, "multipart/form-data", **keyed())
    assert again.get_json() == first.get_json()
    assert counted(app) == (0, 1, 1)


def test_the_key_with_another_form_is_refused_and_nothing_done(
    app: Flask, someone: Someone
) -> None:
    someone.gives_details(keyed())
    for other in (
        {"username": "Sam"},
        {"firstname": None},
        {"firstname": "king", "lastname": "john"},
        {"lastname": "kin\u0067\u0301"},
    ):
        assert_kind(someone.gives_details(keyed(), **other), 409, KEY_REUSED)
    someone.signs_up("ada", PASSWORD, **keyed())
    for username, password in (
        ("ada", None),
        ("ada", f"{PASSWORD}!"),
        ("Ada", PASSWORD),
        ("bob", PASSWORD),
    ):
        assert_kind(someone.signs_up(username, password, **keyed()), 409, KEY_REUSED)
    someone.signs_up("bob", **keyed(OTHER))
    assert_kind(someone.signs_up("bob", PASSWORD, **keyed(OTHER)), 409, KEY_REUSED)
    assert counted(app) == (2, 1, 3)


def test_a_password_is_the_same_however_its_accents_are_typed(someone: Someone) -> None:
    typed = {"NFC": "ein \u00c4ffchen z\u00e4hlt", "NFD": "ein A\u0308ffchen za\u0308hlt"}
    for password in typed.values():
        assert someone.signs_up("ada", password, **keyed()).status_code == 200


def test_the_same_key_is_another_for_another_account_or_operation(
    app: Flask, someone: Someone, ada: Someone
) -> None:
    assert someone.signs_up("bob", PASSWORD, **keyed()).status_code == 200
    bob = someone.signs_in("bob")
    asked: list[Callable[[], TestResponse]] = [
        lambda: someone.gives_details(keyed(), username="ada"),
        lambda: ada.gives_details(keyed(), username="ada"),
        lambda: bob.gives_details(keyed(), username="bob"),
    ]
    links = [[ask().headers["Location"] for ask in asked] for _ in range(2)]
    assert links[0] == links[1] and len(set(links[0])) == 3
    assert counted(app) == (2, 3, 4)
    assert ada.reads_own().get_json()["id"] in links[0][1]


def test_a_refused_request_leaves_its_key_new(app: Flask, someone: Someone, ada: Someone) -> None:
    """The key is stored in the same transaction as the effect of the request."""
    assert_problem(someone.signs_up("ada", **keyed()), 409)
    assert_problem(someone.signs_up("a b", **keyed()), 400, username=[
        "Use only the letters A-Z and a-z, digits and . _ @ + -"])  # fmt: skip
    assert_problem(ada.gives_details(keyed()), 403)
    assert counted(app) == (1, 0, 0)
    assert someone.signs_up("bob", **keyed()).status_code == 200
    assert ada.gives_details(keyed(), username="ada").status_code == 201
