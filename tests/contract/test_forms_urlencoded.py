"""Urlencoded forms: a malformed body is refused, and never altered."""

import pytest

from tests.actor import Someone, assert_problem
from tests.contract.test_forms import URLENCODED, lastname_of

ONCE = ["Give this field once."]


def test_text_is_taken_exactly_as_it_was_encoded(someone: Someone) -> None:
    for encoded, text in {
        b"king": "king",
        b"K%C3%B6nig": "K\u00f6nig",
        b"K%c3%b6nig": "K\u00f6nig",
        "K\u00f6nig".encode(): "K\u00f6nig",  # Unescaped UTF-8 is accepted too.
        b"%F0%9F%A6%A6": "\U0001f9a6",
        b"a+b": "a b",
        b"a%20b": "a b",
        b"a%2Bb": "a+b",
        b"%25FF": "%FF",
        b"100%25": "100%",
        b"a%26b%3Dc": "a&b=c",
        b"a=b=c": "a=b=c",
        b"a;b": "a;b",
        b"%3Cb%3E": "<b>",
        b"+king+": " king ",
    }.items():
        given = someone.posts(b"username=sam&lastname=" + encoded, URLENCODED)
        assert lastname_of(someone, given) == text
    # A field's name is decoded like its value.
    assert someone.posts(b"user%6Eame=sam&%6Castname=king", URLENCODED).status_code == 201


@pytest.mark.parametrize("path", ["/userDetails", "/userSignUp"])
@pytest.mark.parametrize("name", [b"lastname", b"unknown"])
def test_malformed_text_is_refused_in_any_field(someone: Someone, path: str, name: bytes) -> None:
    """Checklist 10."""
    for broken in [
        b"\xff",  # Raw bytes that aren't UTF-8,
        b"king\xc3",
        b"\xc3(",
        b"%FF",  # the same bytes as escapes:
        b"%C3",
        b"%C3%28",
        b"%C0%80",  # an overlong NUL,
        b"%ED%A0%80",  # a lone surrogate,
        b"%F4%90%80%80",  # a code point beyond U+10FFFF.
        b"%",  # And malformed escapes.
        b"100%",
        b"%Z",
        b"%ZZ",
        b"%4",
        b"%4Z",
        b"%%34",
        b"% 41",
        b"%u0041",
        b"%+1",
    ]:
        body = b"username=sam&lastname=king&".replace(name + b"=king&", b"") + name + b"=" + broken
        assert_problem(someone.posts(body, URLENCODED, path), 400)
        assert_problem(someone.posts(body.replace(name + b"=", b""), URLENCODED, path), 400)
    # The refused forms stored nothing.
    assert someone.signs_up("sam").status_code == 200


@pytest.mark.parametrize("again", [b"king", b"queen", b"", b"%00"])
def test_a_field_of_the_form_given_twice_is_refused(someone: Someone, again: bytes) -> None:
    """Checklist 11."""
    body = b"username=sam&lastname=king&lastname=" + again
    assert_problem(someone.posts(body, URLENCODED), 400, lastname=ONCE)
    assert_problem(someone.posts(body + b"&lastname=c", URLENCODED), 400, lastname=ONCE)
    assert_problem(someone.posts(body + b"&%6castname=c", URLENCODED), 400, lastname=ONCE)
    assert_problem(
        someone.posts(body + b"&firstname=&firstname=&username=bob", URLENCODED),
        400,
        lastname=ONCE,
        firstname=ONCE,
        username=ONCE,
    )
    twice = someone.posts(b"username=sam&username=" + again, URLENCODED, "/userSignUp")
    assert_problem(twice, 400, username=ONCE)


def test_a_repeated_field_is_reported_with_other_errors(someone: Someone) -> None:
    assert_problem(
        someone.posts(b"lastname=a&lastname=b&firstname=%0A", URLENCODED),
        400,
        lastname=ONCE,
        firstname=["Remove control characters, such as line breaks and tabs."],
        username=["Give this field."],
    )


def test_unknown_fields_are_ignored_however_often_they_come(someone: Someone) -> None:
    """Checklist 12."""
    unknown = b"&a=1&a=2&lastname[]=x&lastname[]=y&LASTNAME=z&lastname%00=n&id=1&id=2&%20lastname=q"
    given = someone.posts(b"username=sam&lastname=king" + unknown, URLENCODED)
    assert lastname_of(someone, given) == "king"
    # Each form's own field is unknown to the other one.
    signed_up = someone.posts(b"username=sam&lastname=&lastname=%00", URLENCODED, "/userSignUp")
    assert signed_up.status_code == 200
    many = b"username=sam&lastname=king" + b"&x" * 8000
    assert someone.posts(many, URLENCODED).status_code == 201


@pytest.mark.parametrize("empty", [b"", b"="])
def test_an_empty_field_is_given_but_empty(someone: Someone, empty: bytes) -> None:
    assert_problem(
        someone.posts(b"username" + empty + b"&lastname=king", URLENCODED),
        400,
        username=["Give 1 to 150 characters."],
    )
    assert_problem(
        someone.posts(b"username=sam&password" + empty, URLENCODED, "/userSignUp"),
        400,
        password=["Give 15 to 256 characters."],
    )
    given = someone.posts(b"username=sam&lastname=king&firstname" + empty, URLENCODED)
    assert lastname_of(someone, given) == "king"
