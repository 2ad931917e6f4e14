"""Credentials for user details: wrong or malformed ones are refused, and never anonymous."""

from base64 import b64encode

import pytest

from tests.actor import PASSWORD, SAME_ID, Someone, assert_problem
from tests.operations import OPERATIONS


def basic(credentials: str | bytes) -> str:
    raw = credentials.encode() if isinstance(credentials, str) else credentials
    return f"Basic {b64encode(raw).decode()}"


BROKEN = {
    "empty": "",
    "blank": " ",
    "a comma": ",",
    "no scheme": basic(f"ada:{PASSWORD}").removeprefix("Basic "),
    "another scheme": "Bearer abcdef",
    "another scheme with the credentials": basic(f"ada:{PASSWORD}").replace("Basic", "Digest"),
    "a scheme that begins alike": basic(f"ada:{PASSWORD}").replace("Basic", "Basics"),
    "nothing after the scheme": "Basic",
    "a space after the scheme": "Basic ",
    "no base64": "Basic ada:lovelace",
    "base64 without its padding": "Basic YWRhOg",
    "base64 with a character between": basic(f"ada:{PASSWORD}").replace("Y", "!Y", 1),
    "bytes that are not ASCII": "Basic \xff\xfe",
    "UTF-8 in the raw": "Basic \xc3\xa9:\xc3\xa9",
    "a name and no colon": basic("ada"),
    "nothing in base64": basic(""),
    "a colon alone": basic(":"),
    "bytes that are not UTF-8": basic(b"ada:\xff\xfe\xfd"),
    "a NUL in the username": basic(f"ada\0:{PASSWORD}"),
    "a NUL in the password": basic(f"ada:{PASSWORD}\0"),
    "a username longer than any": basic(f"{'a' * 5000}:{PASSWORD}"),
    "a password longer than any": basic(f"ada:{'x' * 5000}"),
    "good credentials twice": f"{basic(f'ada:{PASSWORD}')}, {basic(f'ada:{PASSWORD}')}",
}


def assert_challenged(ada: Someone, authorization: str) -> None:
    """Assert 401 with a challenge from both operations with credentials, and nothing stored."""
    stranger = Someone(ada.client)
    request = {"headers": {"Authorization": authorization}}
    for refused in stranger.gives_details(request, username="ada"), stranger.reads_own(**request):
        assert_problem(refused, 401)
        challenge = refused.headers.getlist("WWW-Authenticate")
        assert challenge == ['Basic realm="sign-up", charset="UTF-8"']
    assert_problem(ada.reads_own(), 404)


def test_broken_credentials_are_wrong_credentials(ada: Someone, subtests: pytest.Subtests) -> None:
    """Checklist 3."""
    for kind, authorization in BROKEN.items():
        with subtests.test(kind):
            assert_challenged(ada, authorization)


def test_wrong_credentials_are_never_anonymous(ada: Someone, subtests: pytest.Subtests) -> None:
    """Checklist 3."""
    ada.signs_up("bob")  # An account without a password can't sign in.
    right = f":{PASSWORD}"
    for wrong in "ada:", f"ada{right}!", f"ada{right[:-1]}", f"eve{right}", right, f"bob{right}":
        with subtests.test(wrong):
            assert_challenged(ada, basic(wrong))
    for wrong in f"ada {right}", f" ada{right}", "bob:", f"ada{right.upper()}":
        with subtests.test(wrong):
            assert_challenged(ada, basic(wrong))


def test_reading_ones_own_wants_credentials(someone: Someone) -> None:
    """Checklist 3."""
    refused = someone.reads_own()
    assert_problem(refused, 401)
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_wrong_password_and_an_unknown_username_are_one_answer(
    someone: Someone, ada: Someone
) -> None:
    wrong, unknown = (
        someone.signs_in(name, "another password").reads_own(headers=SAME_ID)
        for name in ("ada", "eve")
    )
    assert (wrong.status, wrong.data) == (unknown.status, unknown.data)
    assert list(wrong.headers) == list(unknown.headers)


def test_the_scheme_may_be_written_in_any_letter_case(ada: Someone) -> None:
    for scheme in "Basic", "basic", "BASIC", "Basic  ":
        authorization = basic(f"ada:{PASSWORD}").replace("Basic", scheme)
        request = {"headers": {"Authorization": authorization}}
        given = Someone(ada.client).gives_details(request, username="ada", lastname=scheme)
        assert given.status_code == 201
        assert ada.reads_own().get_json()["lastname"] == scheme


def test_the_username_signs_in_whatever_its_letter_case(ada: Someone) -> None:
    assert ada.signs_in("ADA").gives_details(username="ada").status_code == 201
    assert ada.signs_in("aDa").reads_own().status_code == 200


def test_a_password_of_any_script_signs_in(someone: Someone) -> None:
    """Checklist 28."""
    passwords = [
        ("a colon : and another : here", "a colon : and another : here"),
        ("caf\u00e9 " * 4, "cafe\u0301 caf\u00e9 cafe\u0301 cafe\u0301 "),
        ("\U0001f9a6" * 15, "\U0001f9a6" * 15),
        ("thirty\u3000wide\u00a0spaces", "thirty wide spaces"),
    ]
    for number, (kept, typed) in enumerate(passwords):
        assert someone.signs_up(f"ada{number}", kept).status_code == 200
        # Signed in, but without a record.
        assert_problem(someone.signs_in(f"ada{number}", typed).reads_own(), 404)
        assert_problem(someone.signs_in(f"ada{number}", f"{typed}!").reads_own(), 401)


def test_links_need_no_credentials_and_do_not_look_at_any(someone: Someone) -> None:
    for operation in OPERATIONS:
        if operation.by_link:
            link = someone.gives_details().headers["Location"]
            answer = operation.ask(someone, link, headers={"Authorization": "Basic broken"})
            assert answer.status_code == operation.status
