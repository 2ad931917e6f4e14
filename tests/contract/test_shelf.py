"""The shelf behaves as declared: strict JSON and queries, a file, a redirect, and 304."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from api.contract import Operation, UndeclaredResponse, document, to_yaml
from tests.contract.shelf.schemas import CAPACITY
from tests.contract.shelf.story import TOWERS
from tests.contract.shelf.views import KEY

DOCUMENT = Path(__file__).parent / "shelf" / "shelf.yaml"


def add(shelf: FlaskClient, **book: Any) -> TestResponse:
    return shelf.post("/books", json=TOWERS | book)


def assert_refused(answer: TestResponse, status: int, *fields: str) -> None:
    assert (answer.status_code, answer.get_json().get("fields", [])) == (status, list(fields))


def test_the_checked_in_document_is_what_the_shelf_says(shelf: FlaskClient) -> None:
    """To update it, run `python -m tests.contract.shelf`."""
    assert DOCUMENT.read_text(encoding="utf-8") == to_yaml(document(shelf.application))


def test_the_document_is_valid_openapi_and_says_what_the_app_says_of_itself(
    shelf: FlaskClient,
) -> None:
    said = shelf.get("/openapi.json").get_json()
    validate(said)
    assert said["info"]["title"] == "A shelf of books"
    assert "| 405 | There is no such method. | Allow |" in said["info"]["description"]
    assert said["components"]["securitySchemes"]["key"]["type"] == "apiKey"
    body = said["paths"]["/books"]["post"]["requestBody"]
    assert body["required"] and list(body["content"]) == ["application/json"]


def test_a_query_is_printed_with_what_each_parameter_means(shelf: FlaskClient) -> None:
    limit, order, read = shelf.get("/openapi.json").get_json()["paths"]["/books"]["get"][
        "parameters"
    ]
    assert limit == {
        "in": "query",
        "name": "limit",
        "required": False,
        "description": "How many at most.",
        "schema": {"type": "integer", "default": 10, "minimum": 1, "maximum": 20, "examples": [5]},
    }
    assert order["schema"]["enum"] == ["newest", "pages"] and read["schema"]["type"] == "boolean"


def test_a_book_that_is_added_can_be_read_where_location_says(shelf: FlaskClient) -> None:
    added = add(shelf, year=1954, read=True)
    assert added.status_code == 201 and added.headers["Location"] == "/books/1"
    assert added.get_json() == TOWERS | {"id": 1, "year": 1954, "read": True}
    assert shelf.get("/books/1").get_json() == added.get_json()
    assert_refused(add(shelf), 409)


def test_a_listing_is_as_the_query_asks(shelf: FlaskClient) -> None:
    for number in range(1, CAPACITY + 1):
        book = {"isbn": f"{number:013}", "pages": CAPACITY + 1 - number, "read": number < 3}
        assert add(shelf, **book).get_json()["id"] == number
    assert_refused(add(shelf), 409)  # The shelf is full.

    def ids(query: str) -> tuple[list[int], int]:
        listed = shelf.get(f"/books?{query}").get_json()
        return [book["id"] for book in listed["books"]], listed["total"]

    assert ids("") == (list(range(100, 90, -1)), 100)
    assert ids("limit=20") == (list(range(100, 80, -1)), 100)
    assert ids("read=true&order=pages") == ([2, 1], 2)
    assert ids("read=false&limit=1") == ([100], 98)
    assert shelf.get("/newest?kind=novel").headers["Location"] == "/books/100"
    for other in "/books/0", "/books/101", "/books/01", "/books/\u0663", "/books/-1", "/books/x":
        assert shelf.get(other).status_code == 404
    assert shelf.get("/books.csv").text.count("\n") == CAPACITY + 1
    assert shelf.get("/books/100").get_json()["id"] == 100
    assert shelf.delete("/books/100", headers={"X-Shelf-Key": KEY}).status_code == 204


def test_the_list_as_a_file_is_sent_once_to_who_has_it(shelf: FlaskClient) -> None:
    assert shelf.get("/books.csv").text == "isbn,pages\n"
    assert_refused(shelf.get("/books.csv", headers={"Accept": "application/json"}), 406)
    add(shelf)
    for method, content in ("GET", "isbn,pages\n9780261103573,352\n"), ("HEAD", ""):
        file = shelf.open("/books.csv", method=method)
        assert (file.status_code, file.mimetype, file.text) == (200, "text/csv", content)
        assert file.headers["Content-Disposition"] == "attachment; filename=books.csv"
        etag = file.headers["ETag"]
        for known in etag, f"W/{etag}", f'"x", {etag}', "*":
            kept = shelf.open("/books.csv", method=method, headers={"If-None-Match": known})
            assert kept.status_code == 304 and not kept.text and kept.content_type is None
            assert kept.headers["ETag"] == etag
    add(shelf, isbn="1" * 13, pages=1000)
    changed = shelf.get("/books.csv", headers={"If-None-Match": etag})
    assert changed.status_code == 200 and changed.headers["ETag"] != etag
    assert changed.text.startswith("isbn,pages\n1111111111111,1000\n")


def test_the_newest_book_is_led_to(shelf: FlaskClient) -> None:
    for wrong in (
        "",
        "?kind=",
        "?kind=poem&kind=poem",
        "?kind=essay0",
        "?kind=novel0",
        "?kind=poem0",
    ):
        assert_refused(shelf.get(f"/newest{wrong}"), 400, "kind")
    add(shelf)
    add(shelf, isbn="1" * 13, kind="poem")
    assert shelf.get("/newest?kind=poem").headers["Location"] == "/books/2"
    for method in "GET", "HEAD":
        assert shelf.open("/newest?kind=essay", method=method).status_code == 204
        led = shelf.open("/newest?kind=novel", method=method)
        assert (led.status_code, led.headers["Location"], led.text) == (303, "/books/1", "")
        assert led.content_type is None


def test_only_the_librarian_takes_a_book_away(shelf: FlaskClient) -> None:
    add(shelf)
    for headers in {}, {"X-Shelf-Key": "guess"}, {"Authorization": KEY}:
        refused = shelf.delete("/books/1", headers=headers)
        assert_refused(refused, 401)
        assert refused.headers["WWW-Authenticate"] == "Apikey realm=shelf"
    for place, status in (1, 204), (1, 404), (0, 404), (CAPACITY + 1, 404):
        removed = shelf.delete(f"/books/{place}", headers={"X-Shelf-Key": KEY})
        assert removed.status_code == status


def test_only_the_declared_methods_are_there(shelf: FlaskClient) -> None:
    for path, declared in document(shelf.application)["paths"].items():
        for method in {"get", "put", "post", "delete", "patch"} - set(declared):
            assert shelf.open(path.format(id=1), method=method).status_code == 405


def test_an_undeclared_response_of_the_shelf_raises(shelf: FlaskClient) -> None:
    views = shelf.application.view_functions
    for name, said in ("list_books", "media type text/html"), ("find_newest", "status"):
        view = views[f"lists.{name}"]
        assert isinstance(view, Operation)
        views[f"lists.{name}"] = Operation(lambda: ("[]", 200), view.replies)
        with pytest.raises(UndeclaredResponse, match=said):
            shelf.get("/books" if name == "list_books" else "/newest")
