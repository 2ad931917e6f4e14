"""The multipart decoder accepts unambiguous bodies, and refuses the rest with a message."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from api.contract.encodings import Upload
from api.contract.multipart import AMBIGUOUS, NOT_A_FILE, multipart

TYPE = "multipart/form-data; boundary=x"
NAMED_A = 'form-data; name="a"'


def part(content: bytes = b"1", disposition: str = NAMED_A, *more: str, end: str = "\r\n") -> bytes:
    """Return a part and the delimiter before it; `more` are further header fields."""
    lines = ["--x", f"Content-Disposition: {disposition}", *more, "", ""]
    return end.join(lines).encode() + content + b"\r\n"


def refusal(body: bytes, content_type: str = TYPE) -> str:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  (what it says is what is asked)
        multipart(body, content_type)
    return str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"1", b"\r\n", b"1\r\n--y\r\n2\r\n", b"a --x--", b"--", b"\n-"]
)
def test_a_part_is_taken_to_the_byte(content: bytes) -> None:
    assert multipart(part(content) + b"--x--", TYPE) == [("a", content.decode())]


def test_a_part_that_ends_with_its_header_fields_is_empty() -> None:
    """Werkzeug's client sends an empty text like this."""
    assert multipart(part(b"").removesuffix(b"\r\n") + b"--x--", TYPE) == [("a", "")]


@pytest.mark.parametrize("label", ["utf-8", "UTF8", "unicode-1-1-utf-8", '"utf8"'])
def test_a_part_may_call_utf_8_by_each_of_its_labels(label: str) -> None:
    named = part("é".encode(), NAMED_A, f"Content-Type: text/plain; charset={label}")
    assert multipart(named + b"--x--", TYPE) == [("a", "é")]
    assert multipart(part("é".encode()) + b"--x--", f"{TYPE}; charset={label}") == [("a", "é")]


def test_another_charset_is_refused_in_words_that_name_the_right_one() -> None:
    said = "Send text in UTF-8, and leave charset out or set it to utf-8."
    for label in "latin-1", "utf-16":
        assert (
            refusal(part(b"1", NAMED_A, f"Content-Type: x/y; charset={label}") + b"--x--") == said
        )
        assert refusal(part() + b"--x--", f"{TYPE}; charset={label}") == said
    assert refusal(part(b"windows-1252", 'form-data; name="_charset_"') + b"--x--") == said


def test_a_part_in_us_ascii_holds_nothing_else() -> None:
    ascii_ = "Content-Type: text/plain; charset=us-ascii"
    assert multipart(part(b"e", NAMED_A, ascii_) + b"--x--", TYPE) == [("a", "e")]
    for part_ in part("é".encode(), NAMED_A, ascii_), part(b"\xe9"):
        with pytest.raises(UnicodeDecodeError):
            multipart(part_ + b"--x--", TYPE)


@pytest.mark.parametrize(
    "rest",
    [
        "",
        '; boundary=""',
        '; boundary="x "',
        "; boundary=x%",
    ],
)
def test_a_boundary_is_of_the_characters_that_are_allowed(rest: str) -> None:
    said = "Give Content-Type a boundary of letters, digits and '()+_,-./:=? (RFC 2046)."
    assert refusal(part() + b"--x--", f"multipart/form-data{rest}") == said


@pytest.mark.parametrize(
    "rest",
    [
        "boundary*=utf-8''x",
        "boundary*0=x",
        "boundary=x; boundary=x",
        "boundary=y; boundary=x",
        "boundary",
        "boundary=",
    ],
)
def test_a_boundary_is_named_once_and_plainly(rest: str) -> None:
    assert refusal(part() + b"--x--", f"multipart/form-data; {rest}") == (
        "Write each parameter of a header field once, as name=value."
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x\r\n",
        part(),
        part() + b"--x",
        part() + b"--x-",
        part() + b"--x--x",
        part() + b"--x--\n",
        part() + b"--x--\r",
        part().replace(b"--x\r\n", b"--x\n") + b"--x--",
        part().replace(b"--x\r\n", b"--x\r") + b"--x--",
        part()[:-2] + b"\n--x--",
        part()[:-2] + b"\r--x--",
        part()[:-2] + b"\n\r--x--",
        part(b"1\n--x--\r\n2") + b"--x--",
        part(b"1\r\n--xy\r\n2") + b"--x--",
        part(b"1\r\n--x y\r\n2") + b"--x--",
        part() + b"--x--\r\n" + part() + b"--x--",
        part() + b"--x--\r\nepilogue\n--x--",
        b"preamble\n" + part() + b"--x--",
        b"--x junk\r\n" + part() + b"--x--",
    ],
)
def test_delimiters_have_lines_of_their_own_that_end_in_crlf(body: bytes) -> None:
    assert refusal(body).startswith("Begin each multipart/form-data part with a line --boundary")


def test_spaces_behind_a_delimiter_and_text_around_the_parts_do_not_count() -> None:
    """RFC 2046, section 5.1.1: transport padding, preamble and epilogue."""
    padded = part().replace(b"--x\r\n", b"--x \t\r\n") + b"--x-- \t"
    for body in padded, b"a\r\nb\r\n" + part() + b"--x--\r\nc", b"\r\n" + part() + b"--x--\r\n":
        assert multipart(body, TYPE) == [("a", "1")]
    assert multipart(b"--x--\r\n", TYPE) == []


@pytest.mark.parametrize(
    "body",
    [
        part(end="\n").replace(b"--x\n", b"--x\r\n"),
        part(end="\r").replace(b"--x\r", b"--x\r\n"),
        b"--x\r\n\r\n1\r\n",
        b"--x\r\n1\r\n",
        part(b"1", "form-data;\r\n name=a"),
        part(b"1", "form-data; name=a\nX: y"),
        part(b"1", "form-data; name=a\rX: y"),
        part(b"1", NAMED_A, "X"),
        part(b"1", NAMED_A, ": x"),
        part(b"1", NAMED_A, "X : y"),
        part(b"1", NAMED_A, "X\0: y"),
        part().replace(b"\r\n\r\n", b"\r\n"),
    ],
)
def test_the_lines_of_a_part_are_header_fields(body: bytes) -> None:
    assert refusal(body + b"--x--") == (
        "Begin each part with lines Name: value that end in CRLF, then CRLF."
    )


@pytest.mark.parametrize("name", ["Content-Disposition", "content-disposition", "X"])
def test_a_header_field_is_there_once(name: str) -> None:
    assert refusal(part(b"1", NAMED_A, "X: y", f"{name}: {NAMED_A}") + b"--x--") == (
        "Give each header field of a part once."
    )


@pytest.mark.parametrize(
    "disposition",
    [
        'attachment; name="a"',
        "form-data",
        "form-data; filename=f",
        "inline; name=a",
        "; name=a",
        "",
    ],
)
def test_each_part_is_form_data_and_has_a_name(disposition: str) -> None:
    assert refusal(part(b"1", disposition) + b"--x--") == (
        'Give each part a Content-Disposition: form-data; name="…".'
    )
    assert refusal(b"--x\r\nContent-Type: text/plain\r\n\r\n1\r\n--x--") == (
        'Give each part a Content-Disposition: form-data; name="…".'
    )


@pytest.mark.parametrize(
    "rest",
    ["name=a; name=b", "name=a; NAME=a", "name*=utf-8''a", "name*0=a", "name", "name=", 'name="a'],
)
def test_a_name_is_given_once_and_plainly(rest: str) -> None:
    assert refusal(part(b"1", f"form-data; {rest}") + b"--x--") == (
        "Write each parameter of a header field once, as name=value."
    )


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "Base64", "x-uuencode", ""])
def test_no_part_has_a_transfer_encoding(encoding: str) -> None:
    encoded = part(b"c2Ft", NAMED_A, f"Content-Transfer-Encoding: {encoding}")
    assert refusal(encoded + b"--x--") == (
        "Send each part as it is, without Content-Transfer-Encoding."
    )
    coded = part(b"c2Ft", NAMED_A, f"Content-Encoding: {encoding}")
    assert refusal(coded + b"--x--") == "Send each part as it is, without Content-Encoding."


@pytest.mark.parametrize(
    "line",
    [
        *[f"Content-Transfer-Encoding: {encoding}" for encoding in ("7bit", "8bit", "Binary")],
        *["Content-Encoding: identity", "Content-Length: 9", "Content-Type:", "X-Odd: \0"],
    ],
)
def test_a_header_field_that_changes_nothing_is_ignored(line: str) -> None:
    assert multipart(part(b"1", NAMED_A, line) + b"--x--", TYPE) == [("a", "1")]


def test_no_part_holds_parts() -> None:
    mixed = part(b"--y--", NAMED_A, "Content-Type: Multipart/Mixed; boundary=y")
    assert refusal(mixed + b"--x--") == (
        "Send each file as a part of its own, not within multipart/mixed."
    )


@pytest.mark.parametrize(
    "rest", ["filename=f", 'filename=""', "filename*=utf-8''f", "filename=f; filename*=utf-8''f"]
)
def test_a_part_with_a_filename_is_a_file(rest: str) -> None:
    """Also with `filename*` alone. Programs that don't know it read the part as text."""
    for said in f"name=a; {rest}", f'{rest}; size=3; name="a"':
        ((name, file),) = multipart(part(b"\xff", f"form-data; {said}") + b"--x--", TYPE)
        filename = "f" if "filename=f" in said else ""
        assert (name, file) == ("a", Upload(NOT_A_FILE, filename, "text/plain", b"\xff"))


def test_a_name_is_read_as_browsers_write_it() -> None:
    names = {"%22": '"', "a%0D%0Ab": "a\r\nb", "%41%": "%41%", "é": "é", "": "", "a;b=c": "a;b=c"}
    for written, name in names.items():
        body = part(b"1", f'form-data; name="{written}"') + b"--x--"
        assert multipart(body, TYPE) == [(name, "1")]


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("T\\", "T"),
        ("a\\b", "ab"),
        ("\\\\", ""),
        ("a\0b", "a"),
        ("a\t", "a"),
        ("'a'", "a"),
        ("\x7f", ""),
    ],
)
def test_a_name_that_others_read_otherwise_is_unclear_by_that_name(
    written: str, other: str
) -> None:
    """The field of that name is refused, and any other field is ignored."""
    body = part(b"1", f'form-data; name="{written}"') + b"--x--"
    assert multipart(body, TYPE) == [(written, "1"), (other, AMBIGUOUS)]


WORST: dict[str, Callable[[int], bytes]] = {
    "parts": lambda n: part(b"") * n,
    "header fields": lambda n: part(b"1", NAMED_A, *[f"a{i}: b" for i in range(n)]),
    "parameters": lambda n: part(b"1", NAMED_A + "".join(f"; a{i}=b" for i in range(n))),
    "semicolons": lambda n: part(b"1", NAMED_A + "; " * n),
    "an open quote": lambda n: part(b"1", NAMED_A + '; a="' + "b" * n),
    "escapes": lambda n: part(b"1", f'form-data; name="{"%22" * n}"'),
    "backslashes": lambda n: part(b"1", 'form-data; name="' + "\\" * n + '"'),
    "delimiters": lambda n: b"--x\r\n" * n,
    "line ends": lambda n: b"\r\n" * n,
    "padding": lambda n: b"--x" + b" " * n + b".",
}


@pytest.mark.parametrize("kind", WORST)
def test_the_work_grows_no_faster_than_the_body(kind: str) -> None:
    """A body of 16 times the size takes 16 times as long; quadratic work would take 256 times."""

    def seconds(size: int) -> float:
        body, took = WORST[kind](size) + b"--x--", []
        for _ in range(5):
            began = time.process_time()
            with suppress(ValueError):
                multipart(body, TYPE)
            took.append(time.process_time() - began)
        return min(took)

    assert seconds(16 * 200) < 100 * max(seconds(200), 1e-5)
