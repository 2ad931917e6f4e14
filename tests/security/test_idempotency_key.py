"""The `Idempotency-Key` header: quoted, long enough, given once, and not stored in clear text."""

import string
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.header_fields import IDEMPOTENCY_KEY
from tests.actor import FORM, PASSWORD, Someone, assert_problem
from tests.security.test_cors import PREFLIGHT

TAKEN = f"{string.ascii_letters}{string.digits}._~-"
PLAIN = "0123456789abcdef"
WHAT_TO_DO = {"Idempotency-Key": [IDEMPOTENCY_KEY.pattern_message]}
EACH = pytest.mark.parametrize("path", ["/userDetails", "/userSignUp"])


@pytest.fixture
def ask(
    make_app_at: Callable[..., Flask], sqlite_url: str, path: str
) -> Callable[..., TestResponse]:
    """Return a function that sends a new form with these keys."""
    someone = Someone(make_app_at(sqlite_url).test_client())
    numbers = count()

    def send(*keys: str) -> TestResponse:
        form: dict[str, Any] = FORM | {"username": f"sam{next(numbers)}"}
        headers = [("Idempotency-Key", key) for key in keys]
        return someone.asks("POST", path, data=form, headers=headers)

    return send


@EACH
@pytest.mark.parametrize(
    "key",
    [f'"{"x" * 16}"', f'"{"x" * 64}"', *[f'"{TAKEN[n : n + 33]}"' for n in (0, 33)]],
)
def test_a_key_of_random_characters_is_taken(ask: Callable[..., TestResponse], key: str) -> None:
    assert ask(key).status_code < 300
    assert ask(key).status_code == 422  # The second response shows that the key was recognized.


@EACH
def test_any_other_key_is_refused_with_what_to_do(ask: Callable[..., TestResponse]) -> None:
    assert all(text in IDEMPOTENCY_KEY.pattern_message for text in ("quotes", "16 to 64", "once"))
    strange = [c for c in map(chr, range(256)) if c not in TAKEN and c not in "\r\n"]
    for key in [
        *["", '"', "8", '""', f'"{"x" * 15}"', f'"{"x" * 65}"', f"{PLAIN}", f"{PLAIN}{PLAIN}"],
        *[f'"{PLAIN}{character}"' for character in strange],
        *[f'x"{PLAIN}"', f'"{PLAIN}"x', f"'{PLAIN}'", f'#{PLAIN}"', f'"{PLAIN}#', f":{PLAIN}:"],
        *[f'"{PLAIN}";a=1', f'"{PLAIN}", "{PLAIN}"'],
    ]:
        assert_problem(ask(key), 400, **WHAT_TO_DO)


@EACH
def test_a_key_that_is_there_twice_is_refused(ask: Callable[..., TestResponse]) -> None:
    for other in PLAIN, PLAIN[::-1]:
        refused = ask(f'"{PLAIN}"', f'"{other}"')
        assert_problem(refused, 400, **WHAT_TO_DO)


def test_a_page_of_another_origin_may_send_it(someone: Someone) -> None:
    wish = PREFLIGHT | {"Access-Control-Request-Headers": "idempotency-key"}
    allowed = someone.asks("OPTIONS", "/userSignUp", headers=wish)
    assert allowed.headers["Access-Control-Allow-Headers"] == "Content-Type, Idempotency-Key"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_neither_the_key_nor_the_form_is_kept_with_it(
    app: Flask, someone: Someone, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Checklist 31: neither canary is stored, and deleted data can't be guessed from the rest."""
    caplog.set_level("DEBUG")
    canaries = {"username": "canary.of.the.name", "password": "a canary sings below ground"}
    key = {"Idempotency-Key": '"canary-of-the-key-0123"'}
    for _ in range(2):
        assert someone.signs_up(**canaries, headers=key).status_code == 200
        given = someone.gives_details({"headers": key}, lastname="canary.of.the.family")
    assert someone.signs_up("bob", PASSWORD, headers=key).status_code == 422
    someone.deletes(given.headers["Location"])
    written = b"".join(file.read_bytes() for file in tmp_path.glob("signup.db*"))
    assert canaries["username"].encode() in written  # The search does find other stored text.
    for secret in "canary-of-the-key", canaries["password"]:
        assert secret.encode() not in written and secret not in caplog.text
