"""Sign-up: each username can be taken once, and an account with a password can sign in."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select

from api.storage.tables import accounts
from tests.actor import PASSWORD, Someone, assert_problem


def count_accounts(app: Flask) -> int:
    with app.extensions["store"].database.engine.connect() as connection:
        count: int = connection.execute(select(func.count()).select_from(accounts)).scalar_one()
    return count


def test_a_username_and_a_password_make_an_account_that_signs_in(someone: Someone) -> None:
    signed_up = someone.signs_up("ada", PASSWORD)
    assert (signed_up.status_code, signed_up.get_json()) == (200, {"message": "Success"})
    # Signed in, but the account has no details yet.
    assert_problem(someone.signs_in("ada", PASSWORD).reads_own(), 404)


def test_a_username_alone_is_signed_up_but_can_not_sign_in(someone: Someone) -> None:
    assert someone.signs_up("ada").status_code == 200
    for password in "", "None", "null", PASSWORD, "nobody has this password":
        assert_problem(someone.signs_in("ada", password).reads_own(), 401)


def test_a_field_that_the_form_does_not_have_is_ignored(someone: Someone) -> None:
    """Checklist 12."""
    form = {"username": "sam", "firstname": "john", "id": "1", "password_hash": "x"}
    assert someone.asks("POST", "/userSignUp", data=form).get_json() == {"message": "Success"}


def test_credentials_sent_along_are_not_looked_at(someone: Someone) -> None:
    broken = {"Authorization": "Basic broken", "Sec-Fetch-Site": "cross-site"}
    assert someone.signs_up("ada", PASSWORD, headers=broken).status_code == 200


def test_a_username_is_taken_once(app: Flask, someone: Someone) -> None:
    """Checklist 13."""
    someone.signs_up("ada")
    taken = someone.signs_up("ada")
    assert_problem(taken, 409)
    assert "username" in taken.get_json(force=True)["detail"]
    assert count_accounts(app) == 1


@pytest.mark.parametrize("first", ["ada.B@C-d_+9", "ADA.b@c-D_+9"])
def test_a_username_is_taken_whatever_its_letter_case(
    app: Flask, someone: Someone, first: str
) -> None:
    """Checklist 30."""
    assert someone.signs_up(first).status_code == 200
    for again in first.lower(), first.upper(), first.swapcase(), first.title():
        assert_problem(someone.signs_up(again), 409)
    assert count_accounts(app) == 1


def test_a_username_that_only_resembles_a_taken_one_is_free(someone: Someone) -> None:
    """Neither LIKE nor the database's collation decides which usernames are equal."""
    for username in "ada", "ada_", "adax", "ada.", "a.da", "ada@", "adda", "_", "-", "+":
        assert someone.signs_up(username).status_code == 200, username


def test_a_taken_username_keeps_its_password(someone: Someone, ada: Someone) -> None:
    assert_problem(someone.signs_up("ADA", "a password of an intruder"), 409)
    assert_problem(ada.reads_own(), 404)
    assert_problem(someone.signs_in("ada", "a password of an intruder").reads_own(), 401)


def test_a_password_does_not_come_to_an_account_by_signing_up_again(someone: Someone) -> None:
    someone.signs_up("ada")
    assert_problem(someone.signs_up("ada", PASSWORD), 409)
    assert_problem(someone.signs_in("ada", PASSWORD).reads_own(), 401)


def test_a_refused_sign_up_leaves_the_username_free(app: Flask, someone: Someone) -> None:
    assert_problem(someone.signs_up("ada", "short"), 400, password=["Give 15 to 256 characters."])
    assert count_accounts(app) == 0
    assert someone.signs_up("ada", PASSWORD).status_code == 200


def test_of_fifty_sign_ups_of_one_username_at_once_exactly_one_succeeds(app: Flask) -> None:
    """Checklist 13: one success, and 49 times 409, regardless of letter case."""
    many = 50
    together = Barrier(many)

    def sign_up(number: int) -> int:
        someone = Someone(app.test_client())
        together.wait()
        return someone.signs_up("ada" if number % 2 else "ADA").status_code

    with ThreadPoolExecutor(many) as threads:
        statuses = sorted(threads.map(sign_up, range(many)))
    assert statuses == [200] + [409] * (many - 1)
    assert count_accounts(app) == 1
