"""JSON and queries are read strictly: every deviation from the schema is refused."""

from string import ascii_lowercase
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.contract.shelf.story import TOWERS
from tests.contract.test_shelf import add, assert_refused


@pytest.mark.parametrize(
    ("member", "good", "bad"),
    [
        (
            "isbn",
            ["0" * 13, "9" * 13],
            ["", *["1" * 12 + more for more in ("", "11", "x", "1\n", "/", ":")], 1, None],
        ),
        ("title", ["x", "\U0001f9a6" * 60], ["", "x" * 61, None]),
        ("pages", [1, 5000, 7.0, 5e2], [0, 5001, 1.5, "7", "", True, None]),
        ("kind", ["essay", "novel", "poem"], ["Novel", "essay0", "novel0", "poem0", "", None]),
        (
            "tags",
            [["a"], ["z" * 12] * 3, *([letter] for letter in ascii_lowercase)],
            [[], ["a"] * 4, [""], ["a" * 13], ["A"], ["`"], ["{"], [None], "a", None],
        ),
        ("year", [1450, 2100, None], [1449, 2101, "1954", ""]),
        ("read", [True, False], [1, 0, "true", "", None]),
    ],
)
def test_each_member_is_taken_by_its_schema_to_the_bound(
    shelf: FlaskClient, member: str, good: list[Any], bad: list[Any]
) -> None:
    for value in bad:
        assert_refused(add(shelf, **{member: value}), 400, member)
    for number, value in enumerate(good):
        added = add(shelf, **{"isbn": f"{number:013}", member: value})
        assert added.status_code == 201 and added.get_json()[member] == value


@pytest.mark.parametrize("member", [member for member in TOWERS if member != "year"])
def test_a_book_without_a_required_member_is_refused(shelf: FlaskClient, member: str) -> None:
    book = {name: value for name, value in TOWERS.items() if name != member}
    assert_refused(shelf.post("/books", json=book), 400, member)


def test_a_member_that_is_not_declared_is_refused(shelf: FlaskClient) -> None:
    assert_refused(add(shelf, id=1), 400, "id")


@pytest.mark.parametrize(
    "body",
    [
        *[b"", b"{", b"[]", b'"x"', b"null", b"{}{}", b"{'isbn': 1}", b'{"isbn": 1,}'],
        *[b'{"x": NaN}', b'{"x": Infinity}', b'{"x": -Infinity}', b'{"x": 1e999}', b'{"x": 01}'],
        *[b'{"x": 1, "x": 1}', b'{"x": {"y": 1, "y": 1}}', b'{"x": ' + b"1" * 400 + b"}"],
        *[b'{"x": "\xff"}', b'\xef\xbb\xbf{"x": 1}', '{"x": 1}'.encode("utf-16")],
        *[b'{"x": "\\ud800"}', b'{"\\udfff": 1}', b'{"x": ' + b"[" * 2000],
    ],
)
def test_json_that_is_not_well_formed_is_refused(shelf: FlaskClient, body: bytes) -> None:
    """The syntax error alone is reported, before any member is validated."""
    refused = shelf.post("/books", data=body, content_type="application/json")
    assert_refused(refused, 400)


def test_json_is_taken_as_application_json_in_utf_8_alone(shelf: FlaskClient) -> None:
    book = b'{"isbn":"%s","title":"K\xc3\xb6nig","pages":1,"kind":"poem","tags":["a"]}'
    for number, content_type in enumerate(
        ["application/json", "Application/JSON", "application/json; charset=UTF8"]
    ):
        added = shelf.post("/books", data=book % (b"%013d" % number), content_type=content_type)
        assert added.status_code == 201 and added.get_json()["title"] == "K\u00f6nig"
    for content_type in [
        *["", "text/json", "text/plain", "application/json2", "application/merge-patch+json"],
        "application/x-www-form-urlencoded",
    ]:
        refused = shelf.post("/books", data=book % (b"9" * 13), content_type=content_type)
        assert_refused(refused, 415)
    latin = "application/json; charset=latin1"
    refused = shelf.post("/books", data=book % (b"9" * 13), content_type=latin)
    assert_refused(refused, 400)
    assert_refused(shelf.post("/books"), 415)
    # The refused bodies stored nothing.
    assert add(shelf, isbn="9" * 13).status_code == 201
    zipped = shelf.post("/books", json=TOWERS, headers={"Content-Encoding": "gzip"})
    assert zipped.status_code == 415 and zipped.headers["Accept-Encoding"] == "identity"


def test_a_body_may_be_as_large_as_the_app_says_and_no_larger(shelf: FlaskClient) -> None:
    limit = shelf.application.config["MAX_CONTENT_LENGTH"]
    for size, status in (limit + 1, 413), (limit, 400):
        body = b'{"x": "%s"}' % (b"x" * (size - 9))
        assert len(body) == size
        refused = shelf.post("/books", data=body, content_type="application/json")
        assert refused.status_code == status
    shelf.application.config["MAX_CONTENT_LENGTH"] = None
    assert shelf.post("/books", json={"x": "x" * 10**6}).status_code == 400
    # An operation without a body doesn't read one.
    shelf.application.config["MAX_CONTENT_LENGTH"] = 1
    assert shelf.get("/books", data=b"much", headers={"Content-Encoding": "x"}).status_code == 200


def test_a_query_is_read_strictly(shelf: FlaskClient) -> None:
    for query, wrong in {
        "limit=0": "limit",
        "limit=21": "limit",
        "limit=": "limit",
        "limit=%2B5": "limit",
        "limit=%205": "limit",
        "limit=05": "limit",
        "limit=1.5": "limit",
        "limit=%D9%A3": "limit",
        "limit=null": "limit",
        "limit=5&limit=5": "limit",
        "order=newest&order=pages": "order",
        "order=": "order",
        "order=newest0": "order",
        "order=pages0": "order",
        "read=true&read=false": "read",
        "read=": "read",
        "read=1": "read",
        "read=True": "read",
    }.items():
        assert_refused(shelf.get(f"/books?{query}"), 400, wrong)
    for broken in "limit=%", "x=%FF", "%zz=1":
        assert_refused(shelf.get(f"/books?{broken}"), 400)
    for query in (
        "",
        "limit=1&order=pages&read=true",
        "limit=20",
        "limit=5.0",
        "order=newest",
        "x=1&x=2",
        "lim%69t=2",
        "&&",
    ):
        assert shelf.get(f"/books?{query}").status_code == 200
