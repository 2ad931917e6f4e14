"""docs/operating.md: each command runs as it is written, and prints what the page says."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest
import requests
from sqlalchemy import create_engine, make_url

from api.config import Settings
from api.storage.database import open_engine
from api.storage.migrate import head, upgrade
from tests.operator.test_restore import accounts
from tests.pages import TESTED, Run, commands, outputs, runner, sections
from tests.serving import Server, serving

pytestmark = pytest.mark.long

PAGE = "docs/operating.md"


def printed(heading: str) -> list[str]:
    """Return the outputs that the section shows, with the newest revision of the schema.

    A migration raises the revision, and the page may show an older one as an example.
    """
    return [re.sub(r"at \d{4}\.$", f"at {head()}.", e, flags=re.M) for e in outputs(PAGE, heading)]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runner(tmp_path)


def sign_up(server: Server, username: str) -> None:
    form = {"username": username}
    assert requests.post(f"{server.url}/userSignUp", form, timeout=60).status_code == 200


def test_each_section_with_commands_is_run() -> None:
    assert {heading for heading in sections(PAGE) if commands(PAGE, heading)} == set(TESTED[PAGE])


def test_the_commands_about_health_and_the_line_of_the_log(tmp_path: Path, run: Run) -> None:
    (text,) = commands(PAGE, "Health")
    with serving(tmp_path) as server:
        said = run(text.replace("http://localhost:5000", server.url).replace("curl", "curl -sS"))
        sign_up(server, "sam")
        assert server.stop() == 0
    assert said == outputs(PAGE, "Health")[0]
    ((_, line),) = sections(PAGE)["Logs"]
    logged = [json.loads(each) for each in server.log.read_text("utf-8").splitlines()]
    assert list(json.loads(line)) == list(logged[-1])


def test_a_sqlite_database_is_backed_up_and_restored(tmp_path: Path, run: Run) -> None:
    backup, restore, check = commands(PAGE, "Back up and restore SQLite")
    said = printed("Back up and restore SQLite")
    with serving(tmp_path) as server:
        sign_up(server, "ada")
        assert run(backup) == said[0]
        sign_up(server, "bob")
        assert server.stop() == 0
    assert run(restore) == said[1]
    assert run(check) == said[2]
    assert accounts(tmp_path / "signup.db") == ["ada"]
    (replaced,) = tmp_path.glob("signup.db.*Z")
    assert accounts(replaced) == ["ada", "bob"]
    with serving(tmp_path) as server:
        sign_up(server, "bob")


def test_a_postgresql_database_is_backed_up_and_restored(postgresql: str, tmp_path: Path) -> None:
    names = "signup", "restored"
    url = make_url(postgresql)
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    environment = {"PGHOST": str(url.query.get("host") or url.host), "PGUSER": str(url.username)}
    run = runner(tmp_path, environment)
    dump, restore, check, *composed = commands(PAGE, "Back up and restore PostgreSQL")
    try:
        with server.connect() as connection:
            connection.exec_driver_sql("CREATE DATABASE signup ENCODING UTF8 TEMPLATE template0")
        settings = Settings(database_url=url.set(database="signup").render_as_string(False))
        engine = open_engine(settings)
        upgrade(engine)
        with engine.connect() as connection:
            connection.exec_driver_sql(
                "INSERT INTO accounts (username, username_key, created_at)"
                " VALUES ('ada', 'ada', now())"
            )
        engine.dispose()
        assert run(dump) == run(restore) == ""
        assert run(check) == printed("Back up and restore PostgreSQL")[0]
        run("dropdb restored; rm signup.dump")
        for text in composed:
            outside = text.replace("docker compose exec -T postgres ", "")
            assert outside != text and run(outside.replace("--username=signup ", "")) == ""
        assert run("psql restored -Atc 'SELECT username FROM accounts'") == "ada\n"
    finally:
        with server.connect() as connection:
            for name in names:
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        server.dispose()


def test_a_newer_database_is_refused_in_these_words_and_the_backup_rolls_it_back(
    tmp_path: Path, run: Run
) -> None:
    """The newer version is this one with another revision."""
    run("sign-up-api database upgrade; sign-up-api backup signup.backup")
    with closing(connect(tmp_path / "signup.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    refused = run("python -m api 2>&1 >/dev/null || true")
    assert refused == outputs(PAGE, "Upgrade and roll back")[0]
    run("sign-up-api restore signup.backup")
    with serving(tmp_path) as server:
        sign_up(server, "ada")


@pytest.fixture
def target(postgresql: str) -> Iterator[str]:
    """The URL of an empty database, for the copy."""
    server = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE copied ENCODING UTF8 TEMPLATE template0")
    yield make_url(postgresql).set(database="copied").render_as_string(False)
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE copied WITH (FORCE)")
    server.dispose()


def test_the_commands_for_operators(tmp_path: Path, run: Run, target: str) -> None:
    run("sign-up-api database upgrade")
    (text,) = commands(PAGE, "Commands")
    run(text.replace("postgresql+psycopg://sam@db/signup", f"'{target}'"))
    assert (tmp_path / "signup.backup").exists()
