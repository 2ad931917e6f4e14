"""One book: add, read and remove it."""

from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from api.contract import JSON, Body, Credentials, Header, Link, Reply, operation
from tests.contract.shelf import errors
from tests.contract.shelf.books import books
from tests.contract.shelf.schemas import Book, NewBook, Place

KEY = "open sesame"
BOOK = Body(Book)
PLACE = Header({"type": "string", "pattern": "^/books/([1-9][0-9]?|100)$"}, "Where the book is.")
BY_ID = {"id": "$response.body#/id"}

blueprint = Blueprint("books", __name__)


def _check_key() -> str:
    if request.headers.get("X-Shelf-Key") != KEY:
        raise errors.keyless()
    return "the librarian"


LIBRARIAN = Credentials(
    "key", {"type": "apiKey", "in": "header", "name": "X-Shelf-Key"}, _check_key
)


def _place(id: int) -> int:
    """Return the place in the path. Raises `NotFound` for 007 and non-ASCII digits."""
    if not request.path.endswith(f"/{id}"):
        raise NotFound
    return id


@blueprint.post("/books")
@operation(
    json=NewBook,
    replies={
        201: Reply(
            description="The book is on the shelf.",
            content={JSON: BOOK},
            headers={"Location": PLACE},
            links={
                "read": Link("getBook", BY_ID, "Read of it."),
                "remove": Link("removeBook", BY_ID, "Take it away."),
            },
        ),
        400: errors.INVALID,
        409: errors.TAKEN,
        413: errors.LARGE,
        415: errors.TYPE,
    },
)
def add_book(json: dict[str, Any]) -> ResponseReturnValue:
    """Put a book on the shelf.

    It gets the first free place.
    """
    book = books().add(json)
    return Book().dump(book), 201, {"Location": url_for("books.get_book", id=book["id"])}


@blueprint.get("/books/<int:id>")
@operation(
    path=Place,
    replies={200: Reply(description="The book.", content={JSON: BOOK}), 404: errors.MISSING},
)
def get_book(id: int) -> ResponseReturnValue:
    """Read of a book.

    What is known of the book in this place.
    """
    return Book().dump(books().find(_place(id))), 200


@blueprint.delete("/books/<int:id>")
@operation(
    path=Place,
    credentials=LIBRARIAN,
    replies={
        204: Reply(description="The place is free."),
        401: errors.KEYLESS,
        404: errors.MISSING,
    },
)
def remove_book(id: int, account: str) -> ResponseReturnValue:
    """Take a book away.

    For the librarian alone.
    """
    books().remove(_place(id))
    return "", 204
