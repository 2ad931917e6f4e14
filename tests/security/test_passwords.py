"""Passwords are stored as Argon2id hashes, and compared after Unicode normalization."""

import re
import unicodedata
from base64 import b64decode
from typing import Literal

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from api.security.passwords import Passwords, prepare
from api.storage.tables import accounts
from tests.actor import PASSWORD, SAME_ID, Someone, assert_problem
from tests.conftest import CHEAP


def stored_hash(app: Flask, username: str) -> str:
    query = select(accounts.c.password_hash).where(accounts.c.username == username)
    with app.extensions["store"].database.engine.connect() as connection:
        return str(connection.execute(query).scalar_one())


def is_signed_in(answered: TestResponse) -> bool:
    """Return whether the credentials were accepted: 404 (no details yet), or 401."""
    assert answered.status_code in (404, 401), answered.text
    return answered.status_code == 404


def test_a_password_is_kept_as_argon2id_with_todays_parameters(app: Flask) -> None:
    """Checklist 26."""
    app.extensions["passwords"] = Passwords(1)
    someone = Someone(app.test_client())
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    assert someone.signs_up("bob", PASSWORD).status_code == 200
    form = r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)"
    kept = [re.fullmatch(form, stored_hash(app, name)) for name in ("ada", "bob")]
    for parts in kept:
        assert parts
        memory, time, parallelism = (int(parts[n]) for n in (1, 2, 3))
        assert memory >= 19456 and time >= 2 and parallelism == 1
        assert len(b64decode(parts[4] + "==")) == 16
    # One password, but two salts and two hashes.
    assert kept[0] and kept[1] and kept[0][4] != kept[1][4] and kept[0][5] != kept[1][5]
    assert is_signed_in(someone.signs_in("ada", PASSWORD).reads_own())
    assert not is_signed_in(someone.signs_in("ada", PASSWORD + ".").reads_own())


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        (unicodedata.normalize("NFC", "Zoë naïve façade über"), None),
        (unicodedata.normalize("NFD", "Zoë naïve façade über"), None),
        ("각" * 15, None),
        ("an\u00a0otter\u3000counts\u2003nine", "an otter counts nine"),
        ("an otter counts nine", "an\u00a0otter\u3000counts\u2003nine"),
    ],
)
def test_equivalent_unicode_texts_are_the_same_password(
    someone: Someone, given: str, typed: str | None
) -> None:
    """Checklist 28."""
    assert someone.signs_up("ada", given).status_code == 200
    ways = [typed] if typed else [unicodedata.normalize(f, given) for f in ("NFC", "NFD")]
    for way in ways:
        assert is_signed_in(someone.signs_in("ada", way).reads_own())
    assert not is_signed_in(someone.signs_in("ada", given.swapcase() + "x").reads_own())


@pytest.mark.parametrize("script", ["a", "é", "漢", "🦦"])
def test_a_long_password_counts_to_its_last_character(someone: Someone, script: str) -> None:
    """Checklist 27: some hash functions use only the first 72 bytes."""
    for name, length in (("ada", 73), ("bob", 256)):
        password = script * (length - 1) + "1"
        assert someone.signs_up(name, password).status_code == 200
        assert is_signed_in(someone.signs_in(name, password).reads_own())
        assert not is_signed_in(someone.signs_in(name, password[:-1] + "2").reads_own())
        assert not is_signed_in(someone.signs_in(name, password[:-1]).reads_own())


def test_a_hash_is_renewed_by_a_good_sign_in_once_the_parameters_are_raised(
    app: Flask, ada: Someone
) -> None:
    """Checklist 26."""
    before = stored_hash(app, "ada")
    app.extensions["passwords"] = Passwords(2, PasswordHasher(2, 16, 1))
    assert not is_signed_in(ada.signs_in("ada", "not the password at all").reads_own())
    assert stored_hash(app, "ada") == before
    assert is_signed_in(ada.reads_own())
    renewed = stored_hash(app, "ada")
    assert "$m=8,t=1,p=1$" in before and "$m=16,t=2,p=1$" in renewed
    assert is_signed_in(ada.reads_own())
    assert stored_hash(app, "ada") == renewed


def test_renewing_a_hash_never_undoes_what_the_operator_sets_meanwhile(
    app: Flask, ada: Someone
) -> None:
    class Meanwhile(Passwords):
        def outdated(self, encoded: str) -> bool:
            app.extensions["store"].set_password("ada", self.hash("set by the operator"))
            return super().outdated(encoded)

    app.extensions["passwords"] = Meanwhile(2, PasswordHasher(2, 16, 1))
    ada.reads_own()
    app.extensions["passwords"] = Passwords(2, CHEAP)
    assert is_signed_in(ada.signs_in("ada", "set by the operator").reads_own())
    assert not is_signed_in(ada.reads_own())


def test_a_password_is_compared_as_opaquestring_has_it() -> None:
    """RFC 8265, section 4.2. Stored hashes depend on this."""
    assert prepare("an\u00a0otter\u3000e\u0301") == "an otter \u00e9"
    # Neither compatibility normalization nor case folding.
    assert prepare("\u212b \ufb01 A") == "\u00c5 \ufb01 A"


def test_todays_parameters_are_owasps() -> None:
    hasher = Passwords(1).hasher
    assert (hasher.time_cost, hasher.memory_cost, hasher.parallelism) == (2, 19456, 1)
    assert not Passwords(1).outdated(hasher.hash("x")) and Passwords(1).outdated(CHEAP.hash("x"))


@pytest.mark.parametrize(
    "encoded",
    [None, "", "no hash", CHEAP.hash("other")],
    ids=["none", "empty", "no hash", "the hash of another"],
)
def test_without_its_own_hash_no_password_is_right(encoded: str | None) -> None:
    some = Passwords(1, CHEAP)
    assert not any(some.verify(encoded, text) for text in ("nobody has this password", "x"))
    assert some.verify(some.hash("x"), "x") is True and some.verify(None, "x") is False


class Counting(PasswordHasher):
    """A hasher that records the parameters of each hash that it verifies."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checked: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.checked.append(str(hash).rpartition("$")[0].rpartition("$")[0])
        return super().verify(hash, password)


def test_an_unknown_username_costs_the_same_as_a_wrong_password(app: Flask, ada: Someone) -> None:
    """Checklist 32."""
    assert ada.signs_up("bare").status_code == 200
    hasher = Counting()
    app.extensions["passwords"] = Passwords(1, hasher)
    wrong, unknown, bare = (
        ada.signs_in(name, "a wrong password").reads_own(headers=SAME_ID)
        for name in ("ada", "nobody", "bare")
    )
    assert_problem(wrong, 401)
    assert wrong.data == unknown.data == bare.data
    assert wrong.headers.to_wsgi_list() == unknown.headers.to_wsgi_list()
    assert hasher.checked == ["$argon2id$v=19$m=8,t=1,p=1"] * 3
