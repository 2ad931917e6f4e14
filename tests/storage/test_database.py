"""The migrations create the tables of `api.storage.tables`, on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, make_url, text

from api.config import Settings
from api.schemas import NewUserDetails
from api.storage import migrate
from api.storage.database import Database, open_engine
from api.storage.migrate import upgrade
from api.storage.store import Store
from api.storage.tables import metadata


def empty_databases(
    request: pytest.FixtureRequest, folder: Path, count: int = 1
) -> Iterator[list[str]]:
    """Create empty databases of the kind in `request`, and yield their URLs."""
    if request.param == "sqlite":
        yield [f"sqlite:///{folder / f'{n}.db'}" for n in range(count)]
        return
    url = make_url(request.getfixturevalue("postgresql"))
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    names = [f"empty_{uuid4().hex}" for _ in range(count)]
    with server.connect() as connection:
        for name in names:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield [url.set(database=name).render_as_string(hide_password=False) for name in names]
        for name in names:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    yield from empty_databases(request, tmp_path, count=2)


@pytest.fixture
def engines(empty_urls: list[str]) -> Iterator[list[Engine]]:
    engines = [open_engine(Settings(database_url=url)) for url in empty_urls]
    yield engines
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(engines: list[Engine]) -> Engine:
    return engines[0]


def tables(engine: Engine) -> dict[str, dict[str, Any]]:
    """Return the tables as the database describes them.

    The order of columns is ignored, because a migration adds a column at the end.
    """
    seen = inspect(engine)
    return {
        name: {
            "columns": sorted(
                ({**c, "type": repr(c["type"])} for c in seen.get_columns(name)),
                key=lambda column: str(column["name"]),
            ),
            "primary key": seen.get_pk_constraint(name),
            "unique": sorted(seen.get_unique_constraints(name), key=str),
            "foreign keys": seen.get_foreign_keys(name),
            "checks": sorted(seen.get_check_constraints(name), key=str),
            "indexes": sorted(seen.get_indexes(name), key=str),
        }
        for name in seen.get_table_names()
        if name != "alembic_version"
    }


def names(parts: list[dict[str, Any]]) -> set[str]:
    return {part["name"] for part in parts}


def migrate_to(engine: Engine, revision: str, way: Callable[..., None]) -> None:
    """Run the migrations up to or down to the revision, as the service runs them at start."""
    with engine.connect() as connection:
        connection.detach()
        for statement in migrate._LOCKS[engine.dialect.name]:
            connection.exec_driver_sql(statement)
        config = migrate.migrations()
        config.attributes["connection"] = connection
        way(config, revision)
        connection.commit()


def test_the_newest_migration_has_the_highest_number() -> None:
    script = ScriptDirectory.from_config(migrate.migrations())
    assert script.get_heads() == [migrate.head()]


def test_the_migrations_lead_to_the_tables_of_the_models(engines: list[Engine]) -> None:
    """Checklist 39."""
    migrated, made = engines
    upgrade(migrated)
    if made.dialect.name == "sqlite":
        Path(str(made.url.database)).touch()
    metadata.create_all(made)
    assert set(tables(migrated)) == set(tables(made)) == set(metadata.tables)
    for name, table in tables(made).items():
        for what, expected in table.items():
            assert tables(migrated)[name][what] == expected, f"{what} of {name}"


def test_the_tables_have_what_the_service_relies_on(engine: Engine) -> None:
    """Checklist 30: the database's constraint decides, not a query before the write."""
    upgrade(engine)
    accounts, details = tables(engine)["accounts"], tables(engine)["user_details"]
    assert [c["column_names"] for c in accounts["unique"]] == [["username_key"]]
    assert [c["column_names"] for c in details["unique"]] == [["id"]]
    assert names(accounts["checks"]) == {"ck_accounts_username"}
    # Each of these columns has a length, which the database checks too.
    given = NewUserDetails().fields
    assert names(details["checks"]) == {f"ck_user_details_{field}" for field in given}
    assert ["account_id", "number"] in [i["column_names"] for i in details["indexes"]]
    (belongs,) = details["foreign keys"]
    assert (belongs["referred_table"], belongs["options"]) == ("accounts", {"ondelete": "SET NULL"})


def test_alembic_finds_nothing_to_add_to_the_migrations(engine: Engine) -> None:
    """Checklist 39."""
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_can_be_taken_back_and_done_again(engine: Engine) -> None:
    """Checklist 39."""
    upgrade(engine)
    before = tables(engine)
    migrate_to(engine, "base", command.downgrade)
    assert tables(engine) == {}
    upgrade(engine)
    assert tables(engine) == before


def test_migrating_what_is_migrated_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    store = Store(Database(engine))
    store.add_account("ada", None)
    upgrade(engine)
    assert store.find_account("ada")
