"""A fixed series of requests to the shelf with the responses, and the shelf's document."""

import json
from collections.abc import Iterator
from typing import Any

from flask.testing import FlaskClient

from api.contract import document, to_yaml
from tests.contract.shelf.app import make_shelf
from tests.contract.shelf.views import KEY

TOWERS: dict[str, Any] = {
    "isbn": "9780261103573",
    "title": "The Towers",
    "pages": 352,
    "kind": "novel",
    "tags": ["fantasy"],
    "year": None,
}


def make_client() -> FlaskClient:
    """Return a client of an empty shelf. An undeclared response raises."""
    app = make_shelf()
    app.testing = True
    return app.test_client()


def run_story(shelf: FlaskClient) -> Iterator[str]:
    """Yield the status of each response, and its Location."""
    etag = shelf.get("/books.csv").headers["ETag"]
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/newest?kind=novel", {}),
        ("GET", "/books.csv", {"headers": {"If-None-Match": etag}}),
        ("POST", "/books", {"json": TOWERS}),
        ("POST", "/books", {"json": TOWERS}),
        ("POST", "/books", {"json": TOWERS | {"pages": 0}}),
        ("POST", "/books", {"data": {"pages": "352"}}),
        ("POST", "/books", {"json": {"padding": "x" * 4096}}),
        ("GET", "/books?limit=1&order=pages&read=false", {}),
        ("GET", "/books?limit=0", {}),
        ("GET", "/books.csv", {"headers": {"Accept": "application/json"}}),
        ("GET", "/newest?kind=novel", {}),
        ("HEAD", "/books.csv", {"headers": {"If-None-Match": etag}}),
        ("DELETE", "/books/1", {}),
        ("DELETE", "/books/1", {"headers": {"X-Shelf-Key": KEY}}),
        ("GET", "/books/1", {}),
        ("PUT", "/books", {}),
        ("OPTIONS", "/books", {}),
    ]
    for method, path, request in asked:
        answer = shelf.open(path, method=method, **request)
        yield f"{method} {path} {answer.status_code} {answer.headers.get('Location', '')}".rstrip()


def story_and_document() -> str:
    """Return the story and the document as JSON."""
    shelf = make_client()
    told = list(run_story(shelf))
    return json.dumps({"told": told, "document": to_yaml(document(shelf.application))})


if __name__ == "__main__":
    print(story_and_document())  # noqa: T201  (the process that reads it is another)
