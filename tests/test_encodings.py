"""What can't be decoded is refused in words that say what to send instead."""

from typing import Any

import pytest

from api.bodies import Decoder
from api.encodings import FILE, json_object, multipart, urlencoded

BOUNDARY = {"boundary": "x"}
FIELD = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
WHOLE = "Send whole multipart/form-data parts, closed by --boundary--."


def refusal(decoder: Decoder, body: bytes, **parameters: Any) -> str:
    """What is said of a body that isn't well formed; nothing of bytes that are no text."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  (what it says is what is asked)
        decoder(body, parameters)
    return "" if isinstance(refused.value, UnicodeError) else str(refused.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[]", "Send a JSON object."),
        (b"{", "Send JSON that is well formed (RFC 8259)."),
        (b'{"x": ' + b"[" * 100_000, "Send JSON that isn't nested so deep."),
        (b'{"x": 1, "x": 1}', "Give each member of a JSON object once."),
        (b'{"x": 1e999}', "Send JSON numbers that a double can hold."),
        (b'{"x": 1%s}' % (b"0" * 400), "Send JSON numbers that a double can hold."),
        (b'{"x": -Infinity}', "Send JSON numbers that a double can hold."),
    ],
    ids=lambda part: ascii(part[:20]),
)
def test_json_that_is_refused_is_told_what_is_sent(body: bytes, said: str) -> None:
    assert refusal(json_object, body) == said


def test_integers_keep_their_digits_and_their_sign() -> None:
    assert json_object(b'{"a": -9007199254740993, "b": -1.0, "c": -0.5, "d": 0}') == {
        "a": -9007199254740993,
        "b": -1,
        "c": -0.5,
        "d": 0,
    }


def test_a_lone_percent_sign_is_told_how_to_write_it() -> None:
    assert refusal(urlencoded, b"a=100%") == "Write each % that starts no escape as %25."


@pytest.mark.parametrize(
    ("parameters", "body", "said"),
    [
        ({}, FIELD + b"1\r\n--x--", "Name the boundary of the parts in Content-Type."),
        (BOUNDARY, b"", WHOLE),
        (BOUNDARY, FIELD + b"1", WHOLE),
        (BOUNDARY, FIELD + b"1\r\n--x", WHOLE),
        # What else is wrong with a part that breaks off isn't known yet.
        (BOUNDARY, FIELD + b"\xff", WHOLE),
        (BOUNDARY, b"--x\r\n\r\n1\r\n--x--", WHOLE),
    ],
)
def test_multipart_that_is_refused_is_told_what_is_missing(
    parameters: dict[str, str], body: bytes, said: str
) -> None:
    assert refusal(multipart, body, **parameters) == said


def test_text_that_is_not_utf_8_is_no_text() -> None:
    for kind in b"", b"Content-Type: text/plain; charset=latin-1\r\n":
        body = FIELD.removesuffix(b"\r\n") + kind + b"\r\n\xe9\r\n--x--"
        assert refusal(multipart, body, **BOUNDARY) == ""
    assert refusal(json_object, b'{"x": "\\ud800"}') == refusal(urlencoded, b"%E9") == ""


@pytest.mark.parametrize(
    ("kind", "content", "taken"),
    [
        (b"", b"1", "1"),
        (b"", b"", ""),
        (b"", b"1\r\n--y\r\n2\r\n", "1\r\n--y\r\n2\r\n"),
        (b"Content-Type: text/plain", "\u00e9".encode(), "\u00e9"),
        (b"Content-Type: text/plain; charset=UTF-8", "\u00e9".encode(), "\u00e9"),
        (b"Content-Type: text/plain; charset=US-ASCII", b"e", "e"),
    ],
)
def test_a_part_is_taken_to_the_byte(kind: bytes, content: bytes, taken: str) -> None:
    body = FIELD.removesuffix(b"\r\n") + kind + (b"\r\n\r\n" if kind else b"\r\n") + content
    file = b'\r\n--x\r\nContent-Disposition: form-data; name="b"; filename="f"\r\n\r\n\xff'
    unnamed = b"\r\n--x\r\nContent-Disposition: form-data\r\n\r\n\xff"
    assert multipart(body + file + unnamed + b"\r\n--x--", BOUNDARY) == [("a", taken), ("b", FILE)]
