"""The shelf's views, each with its table of replies."""

from hashlib import sha256
from io import BytesIO
from typing import Any

from flask import Blueprint, Flask, current_app, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound

from api.contract import Credentials, Gate, operation
from api.headers import Header
from api.openapi import document
from api.replies import JSON, Body, Link, Reply
from tests.shelf import errors
from tests.shelf.books import Books
from tests.shelf.schemas import Book, BookList, Listing, NewBook, Newest, Place

KEY = "open sesame"
BOOK = Body(Book)
PLACE = Header({"type": "string", "pattern": "^/books/([1-9][0-9]?|100)$"}, "Where the book is.")
ETAG = Header({"type": "string", "pattern": '^"[0-9a-f]{64}"$'}, "What the list is known by.")
BY_ID = {"id": "$response.body#/id"}
ABOUT = {
    "info": {
        "title": "A shelf of books",
        "version": "1",
        "description": "A shelf, to show that the machine serves any app.",
        "contact": {"name": "The maintainers of the shelf"},
        "license": {"name": "MIT", "identifier": "MIT"},
    },
    "servers": [{"url": "/"}],
}

blueprint = Blueprint("books", __name__)


def _check_key() -> str:
    if request.headers.get("X-Shelf-Key") != KEY:
        raise errors.keyless()
    return "the librarian"


LIBRARIAN = Credentials(
    "key", {"type": "apiKey", "in": "header", "name": "X-Shelf-Key"}, _check_key
)


def _books() -> Books:
    books: Books = current_app.extensions["books"]
    return books


def _place(id: int) -> int:
    """The place as the path has it. Raises `NotFound`: Flask reads 007 and other digits too."""
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
    book = _books().add(json)
    return Book().dump(book), 201, {"Location": url_for("books.get_book", id=book["id"])}


@blueprint.get("/books")
@operation(
    query=Listing,
    replies={
        200: Reply(description="Some books.", content={JSON: Body(BookList)}),
        400: errors.INVALID,
    },
)
def list_books(query: dict[str, Any]) -> ResponseReturnValue:
    """List books.

    All, or those that were read or weren't.
    """
    books = [b for b in _books().newest_first() if b["read"] == query.get("read", b["read"])]
    if query["order"] == "pages":
        books.sort(key=lambda book: book["pages"])
    return BookList().dump({"books": books[: query["limit"]], "total": len(books)}), 200


@blueprint.get("/books/<int:id>")
@operation(
    path=Place,
    replies={200: Reply(description="The book.", content={JSON: BOOK}), 404: errors.MISSING},
)
def get_book(id: int) -> ResponseReturnValue:
    """Read of a book.

    What is known of the book in this place.
    """
    return Book().dump(_books().find(_place(id))), 200


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
    _books().remove(_place(id))
    return "", 204


@blueprint.get("/newest")
@operation(
    query=Newest,
    replies={
        204: Reply(description="There is none of that kind."),
        303: Reply(description="The newest book of that kind.", headers={"Location": PLACE}),
        400: errors.INVALID,
    },
)
def find_newest(query: dict[str, Any]) -> ResponseReturnValue:
    """Find the newest book.

    Leads to the book of that kind which came last.
    """
    for book in _books().newest_first():
        if book["kind"] == query["kind"]:
            return redirect(url_for("books.get_book", id=book["id"]), 303)
    return "", 204


@blueprint.get("/books.csv")
@operation(
    replies={
        200: Reply(
            description="All books.",
            content={
                "text/csv": Body(
                    {"type": "string", "pattern": "^isbn,pages\\n([0-9]{13},[1-9][0-9]{0,3}\\n)*$"},
                    "isbn,pages\n9780261103573,352\n",
                )
            },
            headers={
                "ETag": ETAG,
                "Cache-Control": Header.always("no-cache"),
                "Content-Disposition": Header.always("attachment; filename=books.csv"),
            },
        ),
        304: Reply(description="Nothing has changed.", headers={"ETag": ETAG}),
        406: errors.CSV_ALONE,
    }
)
def download_books() -> ResponseReturnValue:
    """Download the list of books.

    As a file; whoever has it already, by If-None-Match, doesn't get it again.
    """
    rows = [f"{book['isbn']},{book['pages']}\n" for book in _books().newest_first()]
    file = "".join(["isbn,pages\n", *rows]).encode()
    etag = sha256(file).hexdigest()
    if request.if_none_match.contains_weak(etag):
        return "", 304, {"ETag": f'"{etag}"'}
    return send_file(BytesIO(file), "text/csv", True, "books.csv", conditional=False, etag=etag)


@blueprint.get("/openapi.json")
@operation({200: Reply(description="The document.", content={JSON: Body({})})}, documented=False)
def show_document() -> ResponseReturnValue:
    """Show the document."""
    return document(current_app)


def make_shelf() -> Flask:
    """The app, with no books on its shelf."""
    app = Flask("shelf", static_folder=None)
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = 4096
    Gate(app, about=ABOUT, beside=errors.BESIDE)
    app.register_error_handler(HTTPException, errors.answer)
    app.extensions["books"] = Books()
    app.register_blueprint(blueprint)
    return app
