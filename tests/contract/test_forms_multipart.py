"""Multipart forms: a malformed body is refused, and never altered."""

from io import BytesIO

import pytest

from tests.actor import Someone, assert_problem
from tests.contract.test_forms import MULTIPART, lastname_of

SAM = b'--cut\r\nContent-Disposition: form-data; name="username"\r\n\r\nsam\r\n'
END = b"--cut--\r\n"


def part(text: bytes, head: bytes = b'form-data; name="lastname"', more: bytes = b"") -> bytes:
    """Return a part, named `lastname` unless `head` differs, with `more` header fields."""
    return b"--cut\r\nContent-Disposition: %s\r\n%s\r\n%s\r\n" % (head, more, text)


def test_text_is_taken_exactly_as_it_stands(someone: Someone) -> None:
    for text in [
        "king",
        "K\u00f6nig \U0001f9a6",
        "%41%FF%",
        "a+b&c=d",
        " king ",
        "--cu",
        "a--cut--",
        "a --cut-- b",
        '"quoted"',
        "-" * 150,
    ]:
        given = someone.posts(SAM + part(text.encode()) + END, MULTIPART)
        assert lastname_of(someone, given) == text


def test_a_boundary_may_be_any_and_what_is_around_the_parts_is_ignored(someone: Someone) -> None:
    body = SAM + part(b"king") + END
    # RFC 2046 allows 70 characters; Werkzeug's client sometimes writes 71.
    for boundary in "-" * 70, "-" * 71, "a b", "'()+_,-./:=?", "0":
        content_type = f'multipart/form-data; boundary="{boundary}"'
        given = someone.posts(body.replace(b"--cut", b"--" + boundary.encode()), content_type)
        assert lastname_of(someone, given) == "king"
    around = b"a preamble\r\n" + body + b"an epilogue" + part(b"queen")
    assert lastname_of(someone, someone.posts(around, MULTIPART)) == "king"


def test_without_a_boundary_it_can_not_be_read(someone: Someone) -> None:
    """Checklist 10."""
    for parameters in "", ";", "; boundary", "; boundary=", '; boundary=""', "; boundary=\xff":
        for path in "/userDetails", "/userSignUp":
            content_type = f"multipart/form-data{parameters}"
            assert_problem(someone.posts(SAM + part(b"king") + END, content_type, path), 400)
            # Nor with the empty boundary that the header seems to declare.
            parts = (SAM + part(b"king") + END).replace(b"--cut", b"--")
            assert_problem(someone.posts(parts, content_type, path), 400)


BROKEN = {
    "no part": b"username=sam&lastname=king",
    "another boundary": (SAM + part(b"king") + END).replace(b"cut", b"cat"),
    "not closed": SAM + part(b"king"),
    "closed with one dash": SAM + part(b"king") + b"--cut-",
    "cut off in a text": SAM + part(b"king").removesuffix(b"ng\r\n"),
    "cut off in a head": SAM + part(b"king").partition(b"name=")[0],
    "cut off after a boundary": SAM + b"--cut\r\n",
    "no empty line": SAM + part(b"king").replace(b"\r\n\r\n", b"\r\n") + END,
    "no disposition": SAM + b"--cut\r\nContent-Type: text/plain\r\n\r\nking\r\n" + END,
    "a disposition without a name": SAM + part(b"x", b"form-data") + part(b"king") + END,
    "a name without a value": SAM + part(b"x", b"form-data; name") + part(b"king") + END,
    "line ends of LF": (SAM + part(b"king") + END).replace(b"\r", b""),
    "line ends of CR": (SAM + part(b"king") + END).replace(b"\n", b""),
    "no head at all": SAM + b"--cut\r\n\r\nking\r\n" + END,
    "no line break before the boundary": SAM + part(b"king").removesuffix(b"\r\n") + END,
    "a head that is not UTF-8": SAM + part(b"king", b'form-data; name="last\xff"') + END,
    "a text that is not UTF-8": SAM + part(b"king\xff") + END,
    "an unknown field that is not UTF-8": SAM
    + part(b"king")
    + part(b"\xff", b'form-data; name="x"')
    + END,
    "half a surrogate pair": SAM + part(b"\xed\xa0\x80") + END,
}


@pytest.mark.parametrize("path", ["/userDetails", "/userSignUp"])
def test_a_malformed_body_is_refused(
    someone: Someone, path: str, subtests: pytest.Subtests
) -> None:
    """Checklist 10: nor is it treated as an empty form, so the problem names no field."""
    for kind, body in BROKEN.items():
        with subtests.test(kind):
            assert_problem(someone.posts(body, MULTIPART, path), 400)
    assert someone.signs_up("sam").status_code == 200  # The refused forms stored nothing.


def test_a_body_of_nothing_is_not_even_an_empty_form(someone: Someone) -> None:
    nothing = someone.asks("POST", "/userSignUp", input_stream=BytesIO(), content_type=MULTIPART)
    assert_problem(nothing, 400)


def test_a_file_is_no_text(someone: Someone) -> None:
    """Flask's `request.form` would omit it."""
    refused = {"lastname": ["Give this field as text, not as a file."]}
    for filename in b'filename="king.txt"', b'filename=""', b"filename*=utf-8''king.txt":
        file = part(b"king", b'form-data; name="lastname"; ' + filename)
        assert_problem(someone.posts(SAM + file + END, MULTIPART), 400, **refused)
    twice = SAM + part(b"king") + part(b"king", b'form-data; name="lastname"; filename="a"') + END
    assert_problem(someone.posts(twice, MULTIPART), 400, lastname=["Give this field once."])


def test_a_file_that_the_form_does_not_have_is_ignored(someone: Someone) -> None:
    """Checklist 12."""
    file = part(b"\x89PNG\xff\0", b'form-data; name="photo"; filename="ada.png"')
    given = someone.posts(SAM + file + file + part(b"king") + END, MULTIPART)
    assert lastname_of(someone, given) == "king"


def test_a_part_of_another_charset_is_refused_not_misread(someone: Someone) -> None:
    for charset in b"utf-16", b"iso-8859-1", b"latin1", b"made-up", b'"utf-16"':
        text = part(b"king", more=b"Content-Type: text/plain; charset=" + charset + b"\r\n")
        assert_problem(someone.posts(SAM + text + END, MULTIPART), 400)
    for said in b"text/plain", b"text/plain; charset=UTF8", b"text/plain;charset=us-ascii":
        text = part(b"king", more=b"Content-Type: " + said + b"\r\n")
        assert lastname_of(someone, someone.posts(SAM + text + END, MULTIPART)) == "king"


def test_a_part_that_is_encoded_is_refused_and_not_stored_encoded(someone: Someone) -> None:
    for encoding in b"quoted-printable", b"base64":
        encoded = b"Content-Transfer-Encoding: %s\r\n" % encoding
        given = someone.posts(SAM + part(b"K=C3=B6nig", more=encoded) + END, MULTIPART)
        assert_problem(given, 400)
        name = SAM.replace(b"\r\n\r\n", b"\r\n" + encoded + b"\r\n").replace(b"sam", b"c2Ft")
        assert_problem(someone.posts(name + END, MULTIPART, "/userSignUp"), 400)
    assert someone.signs_up("c2Ft").status_code == 200  # The refused forms stored nothing.


def test_a_part_that_may_be_read_as_another_field_is_refused(someone: Someone) -> None:
    for head in [
        b'attachment; name="lastname"',
        b'form-data; name="x"; name="lastname"',
        b'form-data; name="lastname"\r\nContent-Disposition: form-data; name="x"',
        b"form-data; name*=utf-8''lastname",
        b"form-data; name*0=last; name*1=name",
    ]:
        assert_problem(someone.posts(SAM + part(b"king", head) + END, MULTIPART), 400)
    unclear = ["Write this field's name in plain letters, without backslash or single quotes."]
    for head in b'form-data; name="last\\name"', b"form-data; name='lastname'":
        given = someone.posts(SAM + part(b"king", head) + END, MULTIPART)
        assert_problem(given, 400, lastname=unclear)
    both = SAM + part(b"king") + part(b"queen", b'form-data; name="lastname\0"') + END
    assert_problem(someone.posts(both, MULTIPART), 400, lastname=["Give this field once."])


def test_a_field_of_the_form_given_twice_is_refused(someone: Someone) -> None:
    """Checklist 11."""
    for again in b"king", b"queen", b"":
        twice = SAM + part(b"king") + part(again) + END
        assert_problem(someone.posts(twice, MULTIPART), 400, lastname=["Give this field once."])


def test_a_part_whose_name_no_field_has_is_ignored_however_odd_it_is(someone: Someone) -> None:
    """Checklist 12."""
    for head in b'form-data; name="T\\"', b'form-data; name=""', b'form-data; name="a\0"':
        given = someone.posts(SAM + part(b"x", head) + part(b"king") + END, MULTIPART)
        assert lastname_of(someone, given) == "king"


def test_an_empty_field_is_given_but_empty(someone: Someone) -> None:
    empty = SAM.replace(b"sam", b"") + part(b"king") + END
    assert_problem(someone.posts(empty, MULTIPART), 400, username=["Give 1 to 150 characters."])
    password = SAM + part(b"", b'form-data; name="password"') + END
    refused = {"password": ["Give 15 to 256 characters."]}
    assert_problem(someone.posts(password, MULTIPART, "/userSignUp"), 400, **refused)
    firstname = part(b"", b'form-data; name="firstname"')
    given = someone.posts(SAM + firstname + part(b"king") + END, MULTIPART)
    assert someone.reads(given.headers["Location"]).get_json()["firstname"] is None
