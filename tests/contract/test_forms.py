"""The accepted media types and content codings of forms."""

from io import BytesIO

import pytest
from werkzeug.test import TestResponse

from tests.actor import Someone, assert_problem

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=cut"
GOOD = b"username=sam&lastname=king"
GOOD_PARTS = (
    b'--cut\r\nContent-Disposition: form-data; name="username"\r\n\r\nsam\r\n'
    b'--cut\r\nContent-Disposition: form-data; name="lastname"\r\n\r\nking\r\n--cut--\r\n'
)


def lastname_of(someone: Someone, created: TestResponse) -> str:
    assert created.status_code == 201, created.text
    lastname: str = someone.reads(created.headers["Location"]).get_json()["lastname"]
    return lastname


def test_a_body_that_is_no_form_gets_415_with_accept(
    someone: Someone, subtests: pytest.Subtests
) -> None:
    """Checklist 6."""
    for content_type in [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded2",
        "application/x-www-form",
        "multipart/mixed; boundary=cut",
        "multipart",
        "form-data",
        "*/*",
        "",
        " ",
        ";",
        f"text/plain, {URLENCODED}",
        "application/\xff",
    ]:
        for path in "/userDetails", "/userSignUp":
            with subtests.test(f"{path} {content_type}"):
                refused = someone.posts(GOOD, content_type, path)
                assert_problem(refused, 415)
                assert refused.headers["Accept"] == f"{URLENCODED}, multipart/form-data"
                assert "Accept-Encoding" not in refused.headers
    assert someone.signs_up("sam").status_code == 200  # The refused forms stored nothing.


@pytest.mark.parametrize("body", [GOOD, b""])
def test_a_body_without_a_type_is_no_form(someone: Someone, body: bytes) -> None:
    """Checklist 6."""
    for path in "/userDetails", "/userSignUp":
        assert_problem(someone.asks("POST", path, input_stream=BytesIO(body)), 415)


def test_a_media_type_is_known_in_any_letter_case_and_with_utf_8_named(someone: Someone) -> None:
    for content_type in [
        URLENCODED.upper(),
        f"{URLENCODED};charset=UTF-8",
        f'{URLENCODED} ; charset="utf-8"',
        f"{URLENCODED}; charset=utf8",
        f"{URLENCODED}; version=1",
        f"{URLENCODED};",
    ]:
        assert someone.posts(GOOD, content_type).status_code == 201, content_type
    for content_type in [
        "Multipart/Form-Data; Boundary=cut",
        'multipart/form-data; charset=utf-8; boundary="cut"',
    ]:
        assert someone.posts(GOOD_PARTS, content_type).status_code == 201, content_type


def test_another_charset_is_refused_wherever_it_is_named(someone: Someone) -> None:
    """All charsets get the same status and message, even if the body is ASCII."""
    charset, said = b"Content-Type: text/plain; charset=latin1", set()
    for body, content_type in [
        (GOOD, f"{URLENCODED}; charset=iso-8859-1"),
        (GOOD, f"{URLENCODED}; charset=utf-16"),
        (GOOD + b"&_charset_=windows-1252", URLENCODED),
        (GOOD_PARTS, f"{MULTIPART}; charset=latin1"),
        (GOOD_PARTS.replace(b"\r\n\r\n", b"\r\n%s\r\n\r\n" % charset), MULTIPART),
    ]:
        for path in "/userDetails", "/userSignUp":
            refused = someone.posts(body, content_type, path)
            assert_problem(refused, 400)
            said.add(refused.get_json(force=True)["detail"])
    assert said == {"Send text in UTF-8, and leave charset out or set it to utf-8."}
    assert someone.signs_up("sam").status_code == 200  # The refused forms stored nothing.


def test_a_content_coding_is_refused_and_told_what_to_use(someone: Someone) -> None:
    """Checklist 7."""
    for coding in "gzip", "br", "deflate", "gzip, identity", "identity, gzip", "made-up", "":
        for path in "/userDetails", "/userSignUp":
            for body, content_type in (GOOD, URLENCODED), (GOOD_PARTS, MULTIPART):
                headers = {"Content-Encoding": coding}
                refused = someone.posts(body, content_type, path, headers=headers)
                assert_problem(refused, 415)
                assert refused.headers["Accept-Encoding"] == "identity"
    for coding in "identity", "Identity", " identity ":
        headers = {"Content-Encoding": coding}
        assert someone.posts(GOOD, URLENCODED, headers=headers).status_code == 201


def test_an_empty_body_is_a_form_without_fields(someone: Someone) -> None:
    missing = {"username": ["Give this field."], "lastname": ["Give this field."]}
    for body in b"", b"&", b"&&", b"=", b"=sam&=king", b"&=&":
        assert_problem(someone.posts(body, URLENCODED), 400, **missing)
    assert_problem(someone.posts(b"--cut--\r\n", MULTIPART), 400, **missing)


def test_the_query_string_never_counts_as_form(someone: Someone) -> None:
    """Checklist 12."""
    given = someone.posts(b"username=sam", URLENCODED, "/userDetails?lastname=king")
    assert_problem(given, 400, lastname=["Give this field."])
    given = someone.posts(GOOD, URLENCODED, "/userDetails?lastname=queen&username=%00")
    assert lastname_of(someone, given) == "king"
    signed_up = someone.posts(b"", URLENCODED, "/userSignUp?username=sam")
    assert_problem(signed_up, 400, username=["Give this field."])
