"""Group commit: rows that wait at the same time are written in one statement, durable together."""

from collections.abc import Sequence
from concurrent.futures import Future
from itertools import chain
from threading import Lock
from typing import Any

from sqlalchemy import Engine, Table, exc, insert

from api.pool import connection_of
from api.threads import wait_for

MOST = 500
"""Rows of a group: more might become two statements, of which the first stays written."""


class _Row:
    """A row on its way: whoever adds it waits until it is written, or is told to write."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.told: Future[None] = Future()
        self.is_settled = False
        self.error: Exception | None = None


class GroupCommit:
    """Adds rows to a table. Whoever comes while others write waits, and goes with all who wait.

    So one sync to disk is shared by many, and a process asks for SQLite's one write lock but once
    at a time. A group is one statement, and a transaction of its own: no lock is held while Python
    does something else. `unique` is a column in whose order the rows are written, lest two groups
    of two processes wait for each other.
    """

    def __init__(self, engine: Engine, table: Table, unique: str = "") -> None:
        self.engine, self.unique = engine, unique
        self._insert = insert(table)
        self._guard = Lock()
        self._waiting: list[_Row] = []
        self._is_writing = False

    def add(self, **values: Any) -> None:
        """Return when the row is on disk. Raises what the database says of this row.

        That is SQLAlchemy's `IntegrityError` where it breaks a constraint: the others of its group
        are written all the same.
        """
        row = _Row(values)
        with self._guard:
            self._waiting.append(row)
            waits, self._is_writing = self._is_writing, True
        if waits:
            wait_for(row.told)
        if not row.is_settled:
            self._write_group()
        if row.error:
            raise row.error

    def _write_group(self) -> None:
        """Write all that wait, and tell them; then tell one of those that came meanwhile to."""
        with self._guard:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        error = self._write(sorted(group, key=lambda row: row.values.get(self.unique, "")))
        with self._guard:
            if error:  # Who came meanwhile would wait as long once more, and hear the same.
                for row in self._waiting:
                    row.error = error
                group, self._waiting = [*group, *self._waiting], []
            self._is_writing = bool(self._waiting)
            told = [*group[1:], *self._waiting[:1]]
        for row in group:
            row.is_settled = True
        for row in told:
            row.told.set_result(None)

    def _write(self, rows: Sequence[_Row]) -> Exception | None:
        """All rows at once; where one can't be each half by itself, to find it.

        What can't be done now isn't tried for those that are left: the error that tells so.
        """
        left = [rows]
        while left:
            rows = left.pop()
            try:
                with connection_of(self.engine) as connection:
                    connection.execute(self._insert, [row.values for row in rows])
            except (exc.IntegrityError, exc.DataError) as error:
                if len(rows) == 1:
                    rows[0].error = error
                else:
                    middle = len(rows) // 2
                    left += [rows[middle:], rows[:middle]]
            except Exception as error:
                for row in chain(rows, *left):
                    row.error = error
                return error
        return None
