"""Finding one row by one value, on SQLite the short way."""

import sqlite3
from collections import namedtuple
from contextlib import ExitStack, closing
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, Select
from sqlalchemy.exc import DisconnectionError

from api.storage.connections import check_file
from api.storage.pool import connection_of

Record: TypeAlias = Any
"""A row that was found: its columns are attributes."""


class Reader:
    """Keeps a connection to SQLite for reading, which in WAL waits for nobody."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._kept: list[tuple[Connection, ExitStack]] = []

    def read(self, statement: str, value: Any) -> list[tuple[Any, ...]]:
        """All rows. Raises SQLite's own errors, or `DisconnectionError` if the file is gone."""
        connection, held = self._take()
        try:
            check_file(connection.connection.dbapi_connection)
            # Closed, since SQLite can't shorten its log while somebody reads.
            with closing(connection.connection.cursor()) as cursor:
                rows: list[tuple[Any, ...]] = cursor.execute(statement, (value,)).fetchall()
        except BaseException:
            connection.invalidate()
            held.close()
            raise
        if self._kept:
            held.close()
        else:
            self._kept.append((connection, held))
        return rows

    def _take(self) -> tuple[Connection, ExitStack]:
        try:
            return self._kept.pop()
        except IndexError:
            held = ExitStack()
            return held.enter_context(connection_of(self.engine)), held

    def close(self) -> None:
        """Close what is kept; not back to the pool, which may be none any more."""
        while self._kept:
            connection, held = self._kept.pop()
            connection.invalidate()
            held.close()


class Lookup:
    """Finds the first row that a query gives for one value, its parameter `key`.

    SQLAlchemy puts the statement together and converts the values; but to take a connection of its
    pool and to execute by it was a quarter of a request to read: 47 of 184 µs, and here it is 11.
    Where anything goes wrong, it goes SQLAlchemy's way all the same, which says what it is.
    """

    def __init__(self, reader: Reader, query: Select[Any]) -> None:
        self.engine, self.query = reader.engine, query
        dialect = self.engine.dialect
        self._reader = reader if dialect.name == "sqlite" else None
        compiled = query.compile(dialect=dialect)
        self._statement = str(compiled)
        self._bind = compiled.binds["key"].type.dialect_impl(dialect).bind_processor(dialect)
        columns = list(query.selected_columns)
        self._record = namedtuple("_Record", [column.name for column in columns])  # type: ignore[misc]
        types = [column.type.dialect_impl(dialect) for column in columns]
        given = enumerate(kind.result_processor(dialect, None) for kind in types)
        self._processors = [(i, processor) for i, processor in given if processor]

    def first(self, key: Any) -> Record | None:
        if self._reader is None:
            return self._long_way(key)
        try:
            rows = self._reader.read(self._statement, self._bind(key) if self._bind else key)
        except (sqlite3.Error, DisconnectionError):
            return self._long_way(key)
        if not rows:
            return None
        values = list(rows[0])
        for i, processor in self._processors:
            values[i] = processor(values[i])
        return self._record(*values)

    def _long_way(self, key: Any) -> Record | None:
        with connection_of(self.engine) as connection:
            row = connection.execute(self.query, {"key": key}).first()
            return row and self._record(*row)
