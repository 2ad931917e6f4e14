"""The migration example in docs/development.md alters a table with rows, on both databases."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, exc, text

from api.config import Settings
from api.storage import migrate
from api.storage.database import Database, open_engine
from api.storage.errors import DatabaseError
from api.storage.keys import Key
from api.storage.store import Store
from tests.actor import RECORD
from tests.serving import REPOSITORY
from tests.storage.test_database import empty_databases, migrate_to, tables

DEVELOPMENT = (REPOSITORY / "docs" / "development.md").read_text(encoding="utf-8")
COLUMN = "of_the_example"
"""Replaces the example's column name, which the table may have one day."""
EXAMPLES = re.findall(r"```python\n(\"\"\".*?)```", DEVELOPMENT, flags=re.DOTALL)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An engine of a database with an account, records with and without one, and a key."""
    for (url,) in empty_databases(request, tmp_path):
        engine = open_engine(Settings(database_url=url))
        migrate.upgrade(engine)
        store = Store(Database(engine))
        store.add_account("ada", "hash", Key(b"digest", b"fingerprint", "ada"))
        ada = store.find_account("ada")
        assert ada
        for account_id in (None, ada.id, ada.id):
            store.add_details(**RECORD | {"account_id": account_id})
        yield store
        store.close()


@pytest.fixture
def table() -> str:
    """The table that the example alters."""
    return "user_details"


@pytest.fixture
def newest(store: Store, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Add the example to the migrations that `store` had, and return the newest of these."""
    config = migrate.migrations()
    newest = ScriptDirectory.from_config(config).get_current_head()
    (migration,) = EXAMPLES
    migration = migration.replace("email", COLUMN).replace("user_details", table)
    migration = re.sub("\nrevision = .*", '\nrevision = "example"', migration)
    migration = re.sub("\ndown_revision = .*", f'\ndown_revision = "{newest}"', migration)
    folder = shutil.copytree(REPOSITORY / "api" / "storage" / "migrations", tmp_path / "migrations")
    (folder / "versions" / "example.py").write_text(migration, encoding="utf-8")
    config.set_main_option("script_location", str(folder))
    monkeypatch.setattr(migrate, "migrations", lambda: config)
    monkeypatch.setattr(migrate, "head", lambda: "example")
    return str(newest)


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables."""
    with engine.connect() as connection:
        return {
            name: [
                dict(row) for row in connection.execute(text(f"SELECT * FROM {name}")).mappings()
            ]
            for name in tables(engine)
        }


def test_the_example_keeps_rows_keys_and_indexes_and_can_be_taken_back(
    store: Store, newest: str
) -> None:
    engine = store.database.engine
    before, kept = tables(engine), rows(engine)
    assert all(kept.values())
    migrate.upgrade(engine)
    added = tables(engine)
    details = added["user_details"]
    details["columns"] = [c for c in details["columns"] if c["name"] != COLUMN]
    details["checks"] = [c for c in details["checks"] if c["name"] != f"ck_user_details_{COLUMN}"]
    assert added == before
    for row in kept["user_details"]:
        row[COLUMN] = None
    assert rows(engine) == kept
    migrate_to(engine, newest, command.downgrade)
    assert tables(engine) == before
    for row in kept["user_details"]:
        del row[COLUMN]
    assert rows(engine) == kept


@pytest.mark.usefixtures("newest")
def test_after_the_example_the_database_still_decides(store: Store) -> None:
    """It refuses a text that is too short and an unknown account, and continues its ids."""
    engine = store.database.engine
    migrate.upgrade(engine)
    for wrong in f"{COLUMN} = 'x'", "account_id = 99", "lastname = ''":
        with pytest.raises(exc.IntegrityError), engine.connect() as connection:
            connection.execute(text(f"UPDATE user_details SET {wrong}"))
    ada = store.find_account("ada")
    assert ada and store.count_details(ada) == 2
    newest = store.add_details(**RECORD | {"account_id": ada.id})
    assert store.newest_details(ada.id).id == newest
    assert store.newest_details(ada.id).number == max(
        r["number"] for r in rows(engine)["user_details"]
    )
    assert store.delete_account(ada)
    assert {row["account_id"] for row in rows(engine)["user_details"]} == {None}


@pytest.mark.usefixtures("newest")
@pytest.mark.parametrize("table", ["accounts"])
def test_records_keep_their_account_when_the_table_of_accounts_is_made_anew(store: Store) -> None:
    """SQLite drops the old table, which `ON DELETE SET NULL` must not take for a deletion."""
    engine = store.database.engine
    kept = rows(engine)["user_details"]
    migrate.upgrade(engine)
    assert rows(engine)["user_details"] == kept
    with pytest.raises(exc.IntegrityError), engine.connect() as connection:
        connection.execute(text("UPDATE user_details SET account_id = 99"))


@pytest.mark.usefixtures("newest")
@pytest.mark.parametrize("table", ["accounts"])
def test_a_migration_that_would_leave_a_record_without_its_account_is_undone(
    store: Store,
) -> None:
    engine = store.database.engine
    if engine.dialect.name != "sqlite":
        return
    kept = rows(engine)
    example = Path(migrate.migrations().get_main_option("script_location") or "")
    file = example / "versions" / "example.py"
    deletes = 'upgrade() -> None:\n    op.execute("DELETE FROM accounts")\n'
    file.write_text(file.read_text("utf-8").replace("upgrade() -> None:\n", deletes), "utf-8")
    with pytest.raises(DatabaseError, match="user_details would refer to none of accounts"):
        migrate.upgrade(engine)
    assert rows(engine) == kept
