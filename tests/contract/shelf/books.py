"""The books, in memory."""

from threading import Lock
from typing import Any

from flask import current_app
from werkzeug.exceptions import Conflict, NotFound

from tests.contract.shelf.schemas import CAPACITY

Book = dict[str, Any]


def books() -> "Books":
    """Return the books of the current app."""
    found: Books = current_app.extensions["books"]
    return found


class Books:
    """Books by their place. The one that was added last is the newest."""

    def __init__(self) -> None:
        self._books: dict[int, Book] = {}
        self._lock = Lock()

    def add(self, book: Book) -> Book:
        """Add the book in the first free place. Raises `Conflict` if it exists or all are taken."""
        with self._lock:
            free = [n for n in range(1, CAPACITY + 1) if n not in self._books]
            if not free or any(book["isbn"] == b["isbn"] for b in self._books.values()):
                raise Conflict
            added = {"id": free[0], "year": None, "read": False} | book
            self._books[free[0]] = added
        return added

    def find(self, place: int) -> Book:
        with self._lock:
            if place not in self._books:
                raise NotFound
            return self._books[place]

    def remove(self, place: int) -> None:
        with self._lock:
            if self._books.pop(place, None) is None:
                raise NotFound

    def newest_first(self) -> list[Book]:
        with self._lock:
            return list(self._books.values())[::-1]
