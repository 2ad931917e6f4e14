"""A malformed body's message says what to send instead."""

import pytest

from api.contract.encodings import UTF_8, json_object, parameters, urlencoded
from api.contract.forms import Decoder


def refusal(decoder: Decoder, body: bytes, content_type: str = "") -> str:
    """Return the message for a malformed body; "" for bytes that aren't text."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011  (what it says is what is asked)
        decoder(body, content_type)
    return "" if isinstance(refused.value, UnicodeError) else str(refused.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[]", "Send a JSON object."),
        (b"{", "Send JSON that is well formed (RFC 8259)."),
        (b'{"x": ' + b"[" * 100_000, "Send JSON that is nested less deeply."),
        (b'{"x": 1, "x": 1}', "Give each member of a JSON object once."),
        (b'{"x": 1e999}', "Send JSON numbers that a double can hold."),
        (b'{"x": 1%s}' % (b"0" * 400), "Send JSON numbers that a double can hold."),
        (b'{"x": -Infinity}', "Send JSON numbers that a double can hold."),
    ],
    ids=lambda part: ascii(part[:20]),
)
def test_refused_json_has_a_message(body: bytes, said: str) -> None:
    assert refusal(json_object, body) == said


def test_integers_keep_their_digits_and_their_sign() -> None:
    assert json_object(b'{"a": -9007199254740993, "b": -1.0, "c": -0.5, "d": 0}') == {
        "a": -9007199254740993,
        "b": -1,
        "c": -0.5,
        "d": 0,
    }


def test_a_lone_percent_sign_has_a_message() -> None:
    assert refusal(urlencoded, b"a=100%") == "Write each % that starts no escape as %25."


def test_text_that_is_not_utf_8_is_no_text() -> None:
    assert refusal(json_object, b'{"x": "\\ud800"}') == refusal(urlencoded, b"%E9") == ""


UTF_8_ONLY = "Send text in UTF-8, and leave charset out"


@pytest.mark.parametrize("label", [*sorted(UTF_8), "UTF8", "Utf-8", '"utf8"'])
def test_every_label_of_utf_8_is_utf_8(label: str) -> None:
    content_type = f"x/y; charset={label}"
    assert urlencoded("a=é".encode(), content_type) == [("a", "é")]
    assert json_object('{"a": "é"}'.encode(), content_type) == {"a": "é"}


def test_another_charset_is_refused_in_words_that_name_the_right_one() -> None:
    for label in "latin-1", "utf-16", "utf-7", "gbk", "", "utf-8x":
        content_type = f'x/y; charset="{label}"'
        assert refusal(urlencoded, b"a=b", content_type).startswith(UTF_8_ONLY)
        assert refusal(json_object, b"{}", content_type).startswith(UTF_8_ONLY)
    assert urlencoded(b"a=b", "x/y; charset=us-ascii") == [("a", "b")]
    assert refusal(urlencoded, "a=é".encode(), "x/y; charset=us-ascii") == ""


def test_a_field_that_names_the_charset_of_the_form_may_name_utf_8_alone() -> None:
    """HTML's `_charset_` field, which a browser fills in."""
    for text in "UTF-8", "utf8", "":
        assert urlencoded(f"_charset_={text}&a=b".encode()) == [("_charset_", text), ("a", "b")]
    assert refusal(urlencoded, b"a=b&_charset_=windows-1252").startswith(UTF_8_ONLY)


@pytest.mark.parametrize(
    ("value", "first", "found"),
    [
        ("", "", {}),
        ("form-data", "form-data", {}),
        ("a/b;", "a/b", {}),
        ("a/b ; ;; x=1", "a/b", {"x": "1"}),
        ('a/b;X=1\t; y="2; z=3"', "a/b", {"x": "1", "y": "2; z=3"}),
        (r'a; name="T\"', "a", {"name": "T\\"}),
        ("a; filename=x; filename*=utf-8''x", "a", {"filename": "x", "filename*": "utf-8''x"}),
    ],
)
def test_parameters_are_read_as_they_stand(value: str, first: str, found: dict[str, str]) -> None:
    assert parameters(value) == (first, found)


@pytest.mark.parametrize(
    "rest",
    [
        "x=1; x=2",
        "x=1; X=1",
        "x",
        "x=",
        "=1",
        "x =1",
        "x= 1",
        'x="1',
        'x="1"2',
        'x="1" y=2',
        r'x="a\"b"',
        "x=a b",
        "x=é",
        "x*=utf-8''1",
        "x*0=1",
        "x*0*=1",
        "filename*0=1",
        "filename*=a; filename*=b",
    ],
)
def test_parameters_that_may_be_read_otherwise_are_refused(rest: str) -> None:
    with pytest.raises(
        ValueError, match=r"^Write each parameter of a header field once, as name=value\.$"
    ):
        parameters(f"a/b; {rest}")
