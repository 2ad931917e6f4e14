"""Each migration keeps the rows of the tables before it, there and back, on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import command

from api.storage import migrate
from tests.storage.test_database import empty_urls, engine, engines, migrate_to
from tests.storage.test_migration_example import rows

__all__ = ["empty_urls", "engine", "engines"]

VALUES: dict[type[Any], Callable[[int], object]] = {
    sa.Uuid: lambda n: UUID(int=n),
    sa.DateTime: lambda n: datetime(2026, 1, n, tzinfo=UTC),
    sa.Integer: lambda n: n,
    sa.LargeBinary: lambda n: b"bytes %d" % n,
    sa.String: lambda n: f"text {n}",
}
"""The value of row `n` by the type of a column. Equal values let rows refer to each other."""
Rows = dict[str, list[dict[str, Any]]]


def fill(engine: sa.Engine) -> Rows:
    """Replace all rows: each table gets two, with a value in each column. Return them."""
    metadata = sa.MetaData()
    metadata.reflect(engine, only=lambda name, _: name != "alembic_version")
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        for table in metadata.sorted_tables:
            kinds = {c.name: [k for k in VALUES if isinstance(c.type, k)] for c in table.columns}
            assert all(kinds.values()), f"Add the type to VALUES: {table!r}"
            for n in 1, 2:
                row = {name: VALUES[kind](n) for name, (kind,) in kinds.items()}
                connection.execute(table.insert().values(row))
    return rows(engine)


def common(one: Rows, other: Rows) -> Rows:
    """Return the rows of the first, in the tables and columns that both have."""
    columns = {name: {*found[0]} for name, found in other.items() if found}
    kept = {
        name: [{c: v for c, v in row.items() if c in columns.get(name, row)} for row in found]
        for name, found in one.items()
        if name in other
    }
    return {name: sorted(found, key=repr) for name, found in kept.items()}


def test_each_migration_keeps_the_rows_of_the_tables_before_it(engine: sa.Engine) -> None:
    migrate.upgrade(engine)
    for new, old in pairwise(sorted(migrate.known_revisions(), reverse=True)):
        for way, revision in (command.downgrade, old), (command.upgrade, new):
            before = fill(engine)
            migrate_to(engine, revision, way)
            after = rows(engine)
            assert common(after, before) == common(before, after), (
                f"The {way.__name__} of migration {new} changes rows. Let it keep them. If it must"
                " change them, leave their columns out here, and say why."
            )
        migrate_to(engine, old, command.downgrade)
