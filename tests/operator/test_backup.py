"""`backup` of a database in use: complete, checked, and readable by its owner only."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from flask import Flask

from api.operator import backup as command
from api.storage.errors import describe_url
from tests.actor import PASSWORD, Someone
from tests.commanding import refusal, run
from tests.serving import serving
from tests.tools.faults.caller import Caller, Request

pytestmark = pytest.mark.long


def rows(file: Path, query: str) -> list[str]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return [str(row[0]) for row in database.execute(query)]


def test_a_backup_under_load_has_all_that_was_acknowledged_before(
    make_app_at: Callable[..., Flask], tmp_path: Path
) -> None:
    """The service accepts writes while the backups are made."""
    enough, stop, made = Event(), Event(), list[str]()

    def give(number: int) -> int:
        caller, count = Caller(server.url), 0
        while not stop.is_set():
            name = f"sam{number}.{count}"
            form = {"username": name, "lastname": "x" * 150}
            assert caller.asks(Request("POST", "/userDetails", form)).status == 201
            made.append(name)
            count += 1
            if len(made) > 50:
                enough.set()
        caller.close()
        return count

    with serving(tmp_path) as server, ThreadPoolExecutor(4) as pool:
        givers = [pool.submit(give, number) for number in range(4)]
        assert enough.wait(60)
        app = make_app_at(f"sqlite:///{tmp_path / 'signup.db'}")
        backups = []
        for number in range(3):
            backups.append((tmp_path / f"{number}.backup", set(made)))
            assert run(app, "backup", str(backups[-1][0])).exit_code == 0
        stop.set()
        assert sum(giver.result() for giver in givers) > len(backups[-1][1]) > 50
    for file, before in backups:
        assert rows(file, "PRAGMA integrity_check") == ["ok"]
        assert before <= set(rows(file, "SELECT username FROM user_details"))
    assert len(rows(backups[2][0], "SELECT 1 FROM user_details")) <= len(made)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_is_its_owners_alone_and_serves_when_it_is_put_back(
    app: Flask, ada: Someone, tmp_path: Path
) -> None:
    link = ada.gives_details(username="ada").headers["Location"]
    gone = ada.gives_details(username="ada", lastname="forgotten-one").headers["Location"]
    assert ada.deletes(gone).status_code == 204
    file = tmp_path / "backups" / "signup.backup"
    file.parent.mkdir()
    done = run(app, "backup", str(file))
    database = describe_url(app.extensions["store"].database.engine)
    assert (done.exit_code, done.output) == (0, f"{file} is a backup of {database}.\n")
    assert file.stat().st_mode & 0o777 == 0o600 and list(file.parent.iterdir()) == [file]
    assert b"forgotten-one" not in file.read_bytes()
    ada.deletes(link)
    app.extensions["store"].close()
    for each in ("", "-wal", "-shm"):
        Path(database + each).unlink(missing_ok=True)
    file.rename(database)
    assert ada.reads(link).status_code == 200
    assert ada.signs_in("ada", PASSWORD).reads_own().status_code == 200
    assert run(app, "database", "check").exit_code == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_existing_file_is_replaced_only_with_force(
    app: Flask, ada: Someone, tmp_path: Path
) -> None:
    file = tmp_path / "some.file"
    file.write_text("dear")
    assert refusal(app, "backup", str(file)) == (f"Error: {file} exists: --force replaces it.\n")
    assert file.read_text() == "dear"
    assert run(app, "backup", "--force", str(file)).exit_code == 0
    assert rows(file, "SELECT username FROM accounts") == ["ada"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_incomplete_backup_is_deleted(
    app: Flask, ada: Someone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    check = command._check

    def ruin_and_check(file: Path) -> None:
        """Corrupt the file, like a failing disk."""
        kept = bytearray(file.read_bytes())
        kept[5000:9000] = bytes(4000)
        file.write_bytes(kept)
        check(file)

    with monkeypatch.context() as patch:
        patch.setattr(command, "_check", ruin_and_check)
        assert refusal(app, "backup", str(folder / "some")).startswith("Error: ")
    assert list(folder.iterdir()) == []
    missing = tmp_path / "no" / "some"
    assert refusal(app, "backup", str(missing)) == f"Error: {missing}: No such file or directory.\n"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_is_left_to_its_own_tool(app: Flask, tmp_path: Path) -> None:
    assert "pg_dump --format=custom" in refusal(app, "backup", str(tmp_path / "some"))
    assert list(tmp_path.iterdir()) == []
