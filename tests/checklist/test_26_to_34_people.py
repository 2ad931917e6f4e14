"""Checklist, passwords and users."""

import re
import string
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from api.fields import PASSWORD as PASSWORD_RULE
from api.security.passwords import Passwords
from api.storage.tables import accounts
from tests.actor import PASSWORD, SAME_ID, Someone, assert_problem
from tests.contract.test_http import ALLOWED
from tests.contract.test_http_errors import errors
from tests.contract.test_http_headers import assert_guarded, successes
from tests.operations import NO_METHOD
from tests.security.test_passwords import is_signed_in, stored_hash


def test_26_passwords_are_kept_as_argon2id_and_rehashed_when_the_parameters_rise(
    app: Flask, someone: Someone
) -> None:
    app.extensions["passwords"] = Passwords(1)
    for name in "ada", "bob":
        someone.signs_up(name, PASSWORD)
    kept = [stored_hash(app, name) for name in ("ada", "bob")]
    for encoded in kept:
        assert re.fullmatch(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}", encoded)
    assert kept[0] != kept[1]
    app.extensions["passwords"] = Passwords(1, PasswordHasher(3, 19456, 1))
    assert is_signed_in(someone.signs_in("ada", PASSWORD).reads_own())
    assert "m=19456,t=3" in stored_hash(app, "ada") and stored_hash(app, "bob") == kept[1]


def test_27_a_password_has_15_to_256_characters_all_of_which_count(someone: Someone) -> None:
    for n, (password, status) in enumerate(
        [("🦦" * 14, 400), ("🦦" * 15, 200), ("x" * 64, 200), ("🦦" * 256, 200), ("x" * 257, 400)]
    ):
        answer = someone.signs_up(f"ada{n}", password)
        assert answer.status_code == status
        if status == 400:
            assert_problem(answer, 400, password=["Give 15 to 256 characters."])
    for n, all_but_one in enumerate(["x" * 72, "🦦" * 255]):
        someone.signs_up(f"bob{n}", all_but_one + "1")
        assert is_signed_in(someone.signs_in(f"bob{n}", all_but_one + "1").reads_own())
        assert not is_signed_in(someone.signs_in(f"bob{n}", all_but_one + "2").reads_own())


def test_28_any_text_of_length_is_a_password_however_its_accents_are_typed(
    someone: Someone,
) -> None:
    for n, password in enumerate(["a" * 14 + "b", " " * 15, "漢字" * 8, "Zoë naïve façade"]):
        typed = [unicodedata.normalize(form, password) for form in ("NFC", "NFD")]
        assert someone.signs_up(f"ada{n}", typed[n % 2]).status_code == 200
        assert all(is_signed_in(someone.signs_in(f"ada{n}", way).reads_own()) for way in typed)


def test_29_the_best_known_passwords_are_refused_and_the_document_lists_them(
    someone: Someone,
) -> None:
    document = someone.reads("/openapi.json").get_json()
    listed = document["components"]["schemas"]["Password"]["not"]["enum"]
    assert len(listed) >= 24 and listed == PASSWORD_RULE.refused
    for password in listed[:5]:
        refused = someone.signs_up("ada", password)
        assert_problem(refused, 400, password=["This value is too common. Choose another."])


def test_30_the_database_refuses_a_taken_username_in_any_letter_case(
    app: Flask, someone: Someone
) -> None:
    said = ["Use only the letters A-Z and a-z, digits and . _ @ + -"]
    for odd in "a\0", "a\n", "\na", "a\u200b", "\u212a", "a b", "ß", "\x7f", "\u0661", "a,b":
        assert_problem(someone.signs_up(odd), 400, username=said)
        assert_problem(someone.gives_details(username=odd), 400, username=said)
    for plain in string.ascii_letters + string.digits, "._@+-", "Kim":
        assert someone.signs_up(plain).status_code == 200
    assert_problem(someone.signs_up("kIM"), 409)
    kim = {"username": "KIM", "username_key": "kim", "created_at": datetime.now(UTC)}
    with app.extensions["store"].database.engine.connect() as connection:
        with pytest.raises(IntegrityError):
            connection.execute(insert(accounts), kim)
        # The service's own normalized column makes them equal.
        kept = select(accounts.c.username_key).where(accounts.c.username == "Kim")
        assert connection.scalar(kept) == "kim"


def test_32_an_unknown_username_gets_the_response_of_a_wrong_password(ada: Someone) -> None:
    """For equal times: tests/security/test_let_in_time.py."""
    wrong, unknown = (
        ada.signs_in(name, "x" * 15).reads_own(headers=SAME_ID) for name in ("ada", "eve")
    )
    assert (wrong.status, wrong.data, [*wrong.headers]) == (
        *(unknown.status, unknown.data),
        [*unknown.headers],
    )


def test_33_a_flood_of_passwords_is_bounded_whatever_address_it_claims(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app(ratelimit_passwords="3 per hour")
    someone = Someone(app.test_client())
    claims = [{"X-Forwarded-For": f"198.51.100.{n}", "Forwarded": f"for=::{n}"} for n in range(6)]
    said = [someone.signs_up(f"ada{n}", PASSWORD, headers=h) for n, h in enumerate(claims)]
    assert [answer.status_code for answer in said] == [200] * 3 + [429] * 3


class Counting(PasswordHasher):
    """A hasher that counts concurrent hashes."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.now, self.most = 0, 0

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return super().hash(password, salt=salt)
        finally:
            self.now -= 1


def test_33_of_200_concurrent_sign_ups_no_more_are_hashed_at_once_than_slots(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    app, together, hasher = make_app_at(sqlite_url), Barrier(200), Counting()
    app.extensions["passwords"] = Passwords(1, hasher, timeout=60)

    def sign_up(number: int) -> int:
        together.wait(60)
        return Someone(app.test_client()).signs_up(f"ada{number}", PASSWORD).status_code

    with ThreadPoolExecutor(200) as pool:
        assert set(pool.map(sign_up, range(200))) == {200}
    assert hasher.most == 1


def test_34_every_response_has_the_security_headers_and_trace_is_refused(
    someone: Someone, ada: Someone
) -> None:
    for answer in [*successes(someone, ada), *(refused for _, refused in errors(someone, ada))]:
        assert_guarded(answer)
    for path in ALLOWED:
        for method in "GET", "HEAD", "OPTIONS", NO_METHOD:
            assert_guarded(someone.asks(method, path))
    assert_problem(someone.asks("TRACE", "/userDetails"), 405)
