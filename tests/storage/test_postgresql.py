"""The service sets all session settings that it relies on, regardless of PostgreSQL's defaults."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, create_engine, inspect, make_url

from api.config import Settings
from api.storage.database import open_engine
from api.storage.errors import DatabaseError
from api.storage.migrate import upgrade
from api.storage.postgresql import Session
from tests.actor import Someone
from tests.commanding import refusal
from tests.pgbouncer import running as pgbouncer_running
from tests.postgresql import HOSTILE
from tests.storage.test_database import empty_databases

TIMEOUTS = [
    *["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"],
    *["idle_session_timeout", "transaction_timeout"],
]
OWN = {
    "DateStyle": "ISO, DMY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "client_min_messages": "warning",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "read committed",
    "exit_on_error": "off",
    "extra_float_digits": "1",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "lock_timeout": "3s",
    "quote_all_identifiers": "off",
    "row_security": "on",
    "search_path": '"own", pg_temp',
    "standard_conforming_strings": "on",
    "statement_timeout": "3s",
    "synchronous_commit": "on",
    "transaction_isolation": "read committed",
    "transaction_timeout": "0",
    "transform_null_equals": "off",
}


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database with the schema `own`. Its role has the hostile settings."""
    request.param = "postgresql"
    for (url,) in empty_databases(request, tmp_path):
        execute(url, "CREATE SCHEMA own")
        yield url


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def settings_of(url: str) -> dict[str, str]:
    engine = open_engine(Settings(database_url=url, database_timeout=3))
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, current_setting(name) FROM pg_settings")
        found = {name: value for name, value in rows.all() if name in OWN}
    engine.dispose()
    return found


@pytest.fixture(params=["database", "role", "environment", "URL", "pooler"])
def hostile_url(
    request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The URL of a database whose settings are all hostile, set by the given source."""
    url = make_url(database_url)
    hostile = HOSTILE | {"exit_on_error": "on"} | dict.fromkeys(TIMEOUTS, "77777")
    options = " ".join(f"-c {name}={value}" for name, value in hostile.items())
    options = options.replace(", ", ",").replace("'", "")
    match request.param:
        case "environment":
            monkeypatch.setenv("PGOPTIONS", options)
            for name, setting in (
                ("PGDATESTYLE", "datestyle"),
                ("PGCLIENTENCODING", "client_encoding"),
            ):
                monkeypatch.setenv(name, HOSTILE[setting])
            monkeypatch.setenv("PGTZ", "Asia/Kolkata")
        case "URL":
            query = {"options": options, "client_encoding": HOSTILE["client_encoding"]}
            url = url.update_query_dict(query)
        case source:
            whose = "ROLE postgres IN DATABASE" if source == "role" else "DATABASE"
            sets = [f"ALTER {whose} {url.database} SET {n} = {v}" for n, v in hostile.items()]
            execute(database_url, *sets)
    if request.param == "pooler":
        with pgbouncer_running(database_url) as pooled:
            yield pooled
    else:
        yield url.render_as_string(hide_password=False)


def test_the_service_serves_whatever_is_set(
    hostile_url: str, make_app_at: Callable[..., Flask]
) -> None:
    assert settings_of(hostile_url) == OWN
    app = make_app_at(hostile_url)
    upgrade(app.extensions["store"].database.engine)
    someone = Someone(app.test_client())
    key = {"headers": {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}}
    for _ in range(2):
        given = someone.gives_details(key, username="sam", lastname="Wałęsa 😀")
        assert given.status_code == 201
    assert someone.reads(given.headers["Location"]).get_json()["lastname"] == "Wałęsa 😀"
    assert someone.signs_up("sam").status_code == 200
    assert someone.signs_up("sam").status_code == 409
    assert someone.reads("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("given", "used"),
    [
        *[("off", "on"), ("local", "on"), ("remote_write", "on")],
        *[("on", "on"), ("remote_apply", "remote_apply")],
    ],
)
def test_a_weaker_synchronous_commit_is_raised_and_a_stricter_one_kept(
    postgresql: str, given: str, used: str
) -> None:
    url = make_url(postgresql).update_query_dict({"options": f"-c synchronous_commit={given}"})
    assert settings_of(url.render_as_string(hide_password=False))["synchronous_commit"] == used


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_in_another_encoding_is_refused(
    postgresql: str, make_app_at: Callable[..., Flask], encoding: str
) -> None:
    name = f"encoded_in_{encoding.lower()}"
    how = f"ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    execute(postgresql, f"CREATE DATABASE {name} {how}")
    url = make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    app = make_app_at(url)
    said = (
        f"postgresql+psycopg://postgres:***@/{name}: The database's encoding is {encoding}: use "
        "one that was created with createdb --encoding=UTF8 --template=template0"
    )
    with pytest.raises(DatabaseError) as refused:
        upgrade(app.extensions["store"].database.engine)
    assert str(refused.value) == said
    for command in ("database", "check"), ("accounts", "list"), ("database", "upgrade"):
        assert refusal(app, *command).rstrip(".\n") == f"Error: {said}"
    assert Someone(app.test_client()).reads("/readyz").status_code == 503
    app.extensions["store"].close()
    execute(postgresql, f"DROP DATABASE {name}")


SHADOWS = [
    "CREATE TABLE other.accounts (id text)",
    "CREATE TABLE other.user_details (id text)",
    *(
        f"CREATE FUNCTION other.{name} LANGUAGE plpgsql AS $$BEGIN RAISE 'shadowed'; END$$"
        for name in (
            "now() RETURNS timestamptz",
            "hashtext(text) RETURNS int",
            "current_setting(text, boolean) RETURNS text",
            "set_config(text, text, boolean) RETURNS text",
            "differs(varchar, varchar) RETURNS boolean",
        )
    ),
    "CREATE OPERATOR other.= (FUNCTION = other.differs, LEFTARG = varchar, RIGHTARG = varchar)",
]


def test_no_other_schema_of_the_search_path_shadows_a_name(
    database_url: str, make_app_at: Callable[..., Flask]
) -> None:
    """The service keeps using the tables in the schema where it created them."""
    first = open_engine(Settings(database_url=database_url))
    upgrade(first)
    assert "accounts" in inspect(first).get_table_names(schema="own")
    first.dispose()
    execute(database_url, "CREATE SCHEMA other", *SHADOWS)
    name = make_url(database_url).database
    path = "search_path = other, own, pg_catalog"
    execute(database_url, f"ALTER ROLE postgres IN DATABASE {name} SET {path}")
    app = make_app_at(database_url)
    upgrade(app.extensions["store"].database.engine)
    someone = Someone(app.test_client())
    assert someone.signs_up("ada").status_code == 200
    assert someone.signs_up("ada").status_code == 409
    assert someone.reads("/readyz").status_code == 200


def test_the_url_may_name_the_schema_of_the_tables(database_url: str) -> None:
    execute(database_url, 'CREATE SCHEMA "Mine, too"')
    path = {"options": '-c search_path="Mine,\\ too"'}
    url = make_url(database_url).update_query_dict(path).render_as_string(hide_password=False)
    for _ in range(2):
        engine = open_engine(Settings(database_url=url))
        upgrade(engine)
        assert "accounts" in inspect(engine).get_table_names(schema="Mine, too")
        engine.dispose()


def test_the_service_is_not_ready_while_it_can_not_read_a_table(
    database_url: str, make_app_at: Callable[..., Flask]
) -> None:
    app = make_app_at(database_url)
    upgrade(app.extensions["store"].database.engine)
    someone = Someone(app.test_client())
    assert someone.reads("/readyz").status_code == 200
    for table in "accounts", "user_details", "idempotency_keys":
        execute(database_url, f"ALTER TABLE own.{table} RENAME TO moved")
        assert someone.reads("/readyz").status_code == 503
        execute(database_url, f"ALTER TABLE own.moved RENAME TO {table}")
    assert someone.reads("/readyz").status_code == 200


def test_a_statement_without_a_pooler_is_one_round_trip(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[Any] = []
    wait = Session.wait

    def counted(self: Session, *arguments: Any, **more: Any) -> Any:
        waits.append(self)
        return wait(self, *arguments, **more)

    def ask(connection: Connection) -> int:
        waits.clear()
        connection.exec_driver_sql("SELECT 1").all()
        return len(waits)

    monkeypatch.setattr(Session, "wait", counted)
    engine = open_engine(Settings(database_url=postgresql))
    with engine.connect() as connection:
        assert [ask(connection) for _ in range(3)] == [1, 1, 1]
    engine.dispose()
