"""Digests: whether two tables of two databases hold the same, without holding either."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import Row, Table

Progress: TypeAlias = Callable[[int], object]
"""Is called with the number of rows each time that some were seen to."""


class Digest:
    """How many rows, the last one's key, and the SHA-256 of all their values in the key's order.

    It is of the values as Python has them, so it is the same on every database. So is the order,
    since the keys are numbers and bytes: texts have another order on each.
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
    """The digest of all parts."""
    digest = Digest()
    for rows in parts:
        digest.add(rows, table)
        progress(len(rows))
    return digest
