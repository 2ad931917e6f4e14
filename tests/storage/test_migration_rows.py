"""Each migration keeps the rows of the tables before it, there and back, on both databases."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command

from api.config import Settings
from api.storage import migrate
from api.storage.database import open_engine
from tests.storage.test_database import empty_databases, migrate_to

REVISIONS = sorted(migrate.known_revisions())
VALUES: dict[type[Any], Callable[[int], object]] = {
    sa.Uuid: lambda n: UUID(int=n),
    sa.DateTime: lambda n: datetime(2026, 1, n, tzinfo=UTC),
    sa.Integer: lambda n: n,
    sa.LargeBinary: lambda n: b"bytes %d" % n,
    sa.String: lambda n: f"text {n}",
}
"""The value of row `n` by the type of a column. Equal values let rows refer to each other."""
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    for (url,) in empty_databases(request, tmp_path):
        engine = open_engine(Settings(database_url=url))
        if engine.dialect.name == "sqlite":
            Path(str(engine.url.database)).touch()
        yield engine
        engine.dispose()


def found_tables(engine: sa.Engine) -> list[sa.Table]:
    """Return the tables in the database, each after those that it refers to."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    return [table for table in metadata.sorted_tables if table.name != "alembic_version"]


def fill(engine: sa.Engine) -> None:
    """Replace all rows: each table gets two, with a value in each column."""
    tables = found_tables(engine)
    with engine.begin() as connection:
        for table in reversed(tables):
            connection.execute(table.delete())
        for table in tables:
            for n in 1, 2:
                row = {
                    column.name: make(n)
                    for column in table.columns
                    for kind, make in VALUES.items()
                    if isinstance(column.type, kind)
                }
                assert len(row) == len(table.columns), f"Add its type to VALUES: {table!r}"
                connection.execute(table.insert().values(row))


def rows(engine: sa.Engine) -> Rows:
    found: Rows = {}
    with engine.connect() as connection:
        for table in found_tables(engine):
            query = table.select().order_by(*table.primary_key)
            found[table.name] = [dict(row) for row in connection.execute(query).mappings()]
    return found


def common(one: Rows, other: Rows) -> Rows:
    """Return the rows of the first in the tables and columns that both have."""
    columns = {name: {*found[0]} for name, found in other.items() if found}
    return {
        name: [{c: v for c, v in row.items() if c in columns.get(name, row)} for row in found]
        for name, found in one.items()
        if name in other
    }


def test_each_migration_keeps_the_rows_of_the_tables_before_it(engine: sa.Engine) -> None:
    migrate_to(engine, REVISIONS[0], command.upgrade)
    for old, new in pairwise(REVISIONS):
        for way, revision in (command.upgrade, new), (command.downgrade, old):
            fill(engine)
            before = rows(engine)
            migrate_to(engine, revision, way)
            after = rows(engine)
            assert common(after, before) == common(before, after), (
                f"The {way.__name__} of migration {new} changes rows. Let it keep them. If it must"
                " change them, leave their columns out here, and say why."
            )
        migrate_to(engine, new, command.upgrade)
