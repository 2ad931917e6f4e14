"""Group commit: rows that wait at the same time are written in one statement, durable together."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from sqlalchemy import Engine, Table, exc, insert

LARGEST = 100
"""Rows that go together, at most."""


class _Row:
    """A row on its way: who adds it sleeps on `turn` until it is written, or is told to write."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.turn = Lock()
        self.turn.acquire()
        self.is_settled = False
        self.error: Exception | None = None


class GroupCommit:
    """Adds rows to a table. Whoever comes while others write waits, and goes with all who wait.

    One sync to disk is so shared by many (PostgreSQL's and MySQL's own word for it is group
    commit), and a process asks for SQLite's one write lock but once at a time. A statement is its
    own transaction, so that no lock is held between Python's steps. `unique` is a column in whose
    order the rows are written, lest two groups wait for each other. Nobody waits longer than
    `seconds` to begin.
    """

    def __init__(self, engine: Engine, table: Table, seconds: float, unique: str = "") -> None:
        self.engine, self.seconds, self.unique = engine, seconds, unique
        self._insert = insert(table)
        self._guard = Lock()
        self._waiting: list[_Row] = []
        self._is_writing = False

    def add(self, **values: Any) -> None:
        """Return when the row is on disk. Raises what the database says of this row.

        That is SQLAlchemy's `IntegrityError` where it breaks a constraint: the others of its group
        are written all the same. Raises SQLAlchemy's `TimeoutError` where it couldn't be tried.
        """
        row = _Row(values)
        with self._guard:
            self._waiting.append(row)
            writes, self._is_writing = not self._is_writing, True
        if not writes and not row.turn.acquire(timeout=self.seconds):
            self._withdraw(row)
        if not row.is_settled:
            self._write_group()
        if row.error:
            raise row.error

    def _withdraw(self, row: _Row) -> None:
        """Give up, if nobody is writing the row; else see how it ends."""
        with self._guard:
            if row in self._waiting and not row.turn.acquire(blocking=False):
                self._waiting.remove(row)
                raise exc.TimeoutError("others were still writing")
        if row not in self._waiting:
            row.turn.acquire()

    def _write_group(self) -> None:
        with self._guard:
            group, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
        try:
            self._write(sorted(group, key=lambda row: row.values.get(self.unique, "")))
        finally:
            with self._guard:
                self._is_writing = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].turn.release()
            for row in group:
                row.is_settled = True
                row.turn.release()

    def _write(self, rows: Sequence[_Row]) -> None:
        """All rows at once; where one breaks a constraint each half by itself, to find it."""
        try:
            with self.engine.connect() as connection:
                connection.execute(self._insert, [row.values for row in rows])
        except exc.IntegrityError as error:
            if len(rows) == 1:
                rows[0].error = error
            else:
                middle = len(rows) // 2
                self._write(rows[:middle])
                self._write(rows[middle:])
        except Exception as error:
            for row in rows:
                row.error = error
