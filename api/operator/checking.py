"""Checks of a database: its settings, its schema and, on SQLite, its integrity."""

from collections.abc import Iterator
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from api.storage.migrate import head, revisions
from api.storage.sqlite import PRAGMAS
from api.storage.tables import metadata

NONE = "no revision"
_REQUIRED = {
    "fsync": ("on", "what was acknowledged may be lost"),
    "full_page_writes": ("on", "what was acknowledged may be lost"),
    "session_replication_role": (
        "origin",
        "deleting an account would leave records that refer to it",
    ),
}
"""Settings of PostgreSQL that only its operator can change: what each must be, and what follows
otherwise. The service sets the others itself.
"""


def revision(connection: Connection) -> str:
    """Return the database's revision of the schema."""
    return ", ".join(revisions(connection)) or NONE


def wrong_settings(connection: Connection) -> Iterator[str]:
    """Yield each setting by which acknowledged data may be lost or altered."""

    def value_of(query: str) -> Any:
        return connection.exec_driver_sql(query).scalar_one()

    if connection.dialect.name == "sqlite":
        for name, value in PRAGMAS.items():
            if value_of(f"PRAGMA {name}") != value:
                yield f"SQLite's {name} isn't {value}."
        return
    for name, (value, consequence) in _REQUIRED.items():
        if (found := value_of(f"SHOW {name}")) != value:
            yield f"PostgreSQL's {name} is {found}: {consequence}. Set it to {value}."


def wrong_schema(connection: Connection) -> Iterator[str]:
    """Yield each difference from this version's schema."""
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    at = revision(connection)
    if at != head():
        yield f"The schema is at {at}, and this version's is {head()}."
        return
    for change in compare_metadata(context, metadata):
        # Changes of a column come as a list.
        for operation in change if isinstance(change, list) else [change]:
            names = [getattr(part, "name", part) for part in operation[:4]]
            what = " ".join(name for name in names if isinstance(name, str))
            yield f"The schema isn't this version's, which would need: {what}."


def damage(connection: Connection) -> Iterator[str]:
    """Yield damage that SQLite finds. PostgreSQL has an extension for such checks (pg_amcheck)."""
    if connection.dialect.name == "sqlite":
        for row in connection.exec_driver_sql("PRAGMA integrity_check(20)"):
            if row[0] != "ok":
                yield f"integrity_check: {row[0]}"
        for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"foreign_key_check: row {row[1]} of {row[0]} refers to none of {row[2]}."
