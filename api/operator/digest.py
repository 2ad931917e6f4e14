"""Digests, by which the tables of two databases are compared without holding either in memory."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import Row, Table

Progress: TypeAlias = Callable[[int], object]
"""Called with the number of rows after each batch."""


class Digest:
    """The number of rows, the last one's key, and the SHA-256 of their values in key order.

    Python's values are hashed, because they are the same on every database. So is the order of
    keys, because they are numbers and bytes; texts are ordered differently.
    """

    def __init__(self) -> None:
        self.count, self.last = 0, None
        self._sum = sha256()

    def add(self, rows: Sequence[Row[Any]], table: Table) -> None:
        (key,) = table.primary_key
        self.count, self.last = self.count + len(rows), rows[-1]._mapping[key]
        for row in rows:
            self._sum.update(repr(tuple(row)).encode())

    def __str__(self) -> str:
        return f"{self.count} rows, SHA-256 {self._sum.hexdigest()}"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]  # It changes.


def digest_of(
    parts: Iterable[Sequence[Row[Any]]], table: Table, progress: Progress = lambda _: None
) -> Digest:
    """Return the digest of all parts."""
    digest = Digest()
    for rows in parts:
        digest.add(rows, table)
        progress(len(rows))
    return digest
