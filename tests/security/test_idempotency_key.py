"""The `Idempotency-Key` header: visible ASCII, quoted or not, and not stored in clear text."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.header_fields import IDEMPOTENCY_KEY
from api.problem_types import KEY_REUSED
from tests.actor import FORM, PASSWORD, Someone, assert_kind, assert_problem
from tests.security.test_cors import PREFLIGHT

VISIBLE = "".join(map(chr, range(0x21, 0x7F))).replace(",", "")
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
@pytest.mark.parametrize("key", ["0", '"', '""', '"x', "x" * 255, f'"{"x" * 253}"', VISIBLE])
def test_a_key_of_visible_characters_is_taken(ask: Callable[..., TestResponse], key: str) -> None:
    assert ask(key).status_code < 300
    # The second response shows that the key was recognized.
    assert_kind(ask(key), 409, KEY_REUSED)


@EACH
@pytest.mark.parametrize(
    ("one", "same"),
    [
        (PLAIN, f'"{PLAIN}"'),
        ('a"b', r'"a\"b"'),
        ("a\\b", r'"a\\b"'),
        ('"', r'"\""'),
    ],
)
def test_quotes_around_a_key_do_not_count(
    ask: Callable[..., TestResponse], one: str, same: str
) -> None:
    """A client or proxy that sends it as a String (RFC 9651) means the same key."""
    assert ask(one).status_code < 300
    assert_kind(ask(same), 409, KEY_REUSED)


@EACH
def test_only_the_quotes_of_a_string_are_removed(ask: Callable[..., TestResponse]) -> None:
    for key in (
        "a",
        '"a',
        'a"',
        "'a'",
        '""',
        '"""',
        r'"a\"',
        r'"\a"',
        r'"a\\\"',
        '"a"b"',
        '"a";b=1',
    ):
        assert ask(key).status_code < 300, key


@EACH
def test_any_other_key_is_refused_with_what_to_do(ask: Callable[..., TestResponse]) -> None:
    others = [c for c in map(chr, range(256)) if c not in VISIBLE and c not in "\r\n"]
    for key in ["", "x" * 256, f'"{"x" * 254}"', *(f"{PLAIN}{c}{PLAIN}" for c in others)]:
        assert_problem(ask(key), 400, **WHAT_TO_DO)


@EACH
def test_a_key_that_is_there_twice_is_refused(ask: Callable[..., TestResponse]) -> None:
    for other in PLAIN, PLAIN[::-1]:
        assert_problem(ask(PLAIN, other), 400, **WHAT_TO_DO)


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
    assert someone.signs_up("bob", PASSWORD, headers=key).status_code == 409
    someone.deletes(given.headers["Location"])
    written = b"".join(file.read_bytes() for file in tmp_path.glob("signup.db*"))
    assert canaries["username"].encode() in written  # The search does find other stored text.
    for secret in "canary-of-the-key", canaries["password"]:
        assert secret.encode() not in written and secret not in caplog.text
