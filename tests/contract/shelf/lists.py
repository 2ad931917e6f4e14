"""Many books at once: a list, the newest of a kind, and a file."""

from hashlib import sha256
from io import BytesIO
from typing import Any

from flask import Blueprint, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue

from api.contract import JSON, Body, Header, Reply, operation
from tests.contract.shelf import errors
from tests.contract.shelf.books import books
from tests.contract.shelf.schemas import BookList, Listing, Newest
from tests.contract.shelf.views import PLACE

blueprint = Blueprint("lists", __name__)

ETAG = Header({"type": "string", "pattern": '^"[0-9a-f]{64}"$'}, "What the list is known by.")


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
    found = [b for b in books().newest_first() if b["read"] == query.get("read", b["read"])]
    if query["order"] == "pages":
        found.sort(key=lambda book: book["pages"])
    return BookList().dump({"books": found[: query["limit"]], "total": len(found)}), 200


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
    for book in books().newest_first():
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
                "Cache-Control": Header.constant("no-cache"),
                "Content-Disposition": Header.constant("attachment; filename=books.csv"),
            },
        ),
        304: Reply(description="Nothing has changed.", headers={"ETag": ETAG}),
        406: errors.CSV_ALONE,
    }
)
def downloadbooks() -> ResponseReturnValue:
    """Download the list of books.

    As a file; whoever has it already, by If-None-Match, doesn't get it again.
    """
    rows = [f"{book['isbn']},{book['pages']}\n" for book in books().newest_first()]
    file = "".join(["isbn,pages\n", *rows]).encode()
    etag = sha256(file).hexdigest()
    if request.if_none_match.contains_weak(etag):
        return "", 304, {"ETag": f'"{etag}"'}
    return send_file(BytesIO(file), "text/csv", True, "books.csv", conditional=False, etag=etag)
