"""`restore` of a SQLite database: all of it or nothing, and never while a program has it open."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
import requests
from alembic import command as alembic
from flask import Flask
from sqlalchemy import create_engine

from api.operator import restore as command
from api.storage.migrate import head, migrations
from tests.actor import PASSWORD, Someone
from tests.commanding import database_contents, refusal, run
from tests.serving import serving

RESTORED = re.compile(
    r"(?P<file>.+) is restored from (?P<backup>.+), and at \d{4}\.\n"
    r"(The replaced database is (?P<kept>.+\.\d{8}T\d{6}Z)\. Delete it once you don't need it\.\n)?"
)


@pytest.fixture
def file(sqlite_url: str) -> Path:
    """The file of the database, which no program has open."""
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def app(make_app_at: Callable[..., Flask], sqlite_url: str) -> Flask:
    return make_app_at(sqlite_url)


@pytest.fixture
def backup(app: Flask, ada: Someone, tmp_path: Path) -> Path:
    """A backup of ada's account. Afterwards bob signs up, and the service stops."""
    made = tmp_path / "backups" / "signup.backup"
    made.parent.mkdir()
    assert ada.gives_details(username="ada").status_code == 201
    assert run(app, "backup", str(made)).exit_code == 0
    assert ada.signs_up("bob").status_code == 200
    app.extensions["store"].close()
    return made


def accounts(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return [name for (name,) in database.execute("SELECT username FROM accounts ORDER BY id")]


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    before = contents(folder)
    yield
    assert contents(folder) == before


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_the_backup_takes_the_place_and_the_replaced_database_is_kept(
    app: Flask, ada: Someone, file: Path, backup: Path
) -> None:
    before = database_contents(f"sqlite:///{backup}")
    done = run(app, "restore", str(backup))
    said = RESTORED.fullmatch(done.output)
    assert done.exit_code == 0 and said, done.output
    assert (said["file"], said["backup"]) == (str(file), str(backup))
    kept = Path(said["kept"])
    assert {each for each in file.parent.iterdir() if each.is_file()} == {file, kept}
    assert file.stat().st_mode & 0o777 == 0o600
    assert database_contents(f"sqlite:///{file}") == before
    assert accounts(kept) == ["ada", "bob"]
    assert ada.signs_in("ada", PASSWORD).reads_own().status_code == 200
    assert ada.signs_up("bob").status_code == 200
    assert run(app, "database", "check").exit_code == 0


@pytest.mark.long
def test_a_running_service_keeps_its_database(
    make_app_at: Callable[..., Flask], tmp_path: Path
) -> None:
    """Also if its file was moved. If it was killed, its newest rows are kept with the database."""
    environment = {"WEB_CONCURRENCY": "1"}
    with serving(tmp_path, environment) as server:
        file = tmp_path / "signup.db"
        app = make_app_at(f"sqlite:///{file}")
        backup = tmp_path / "signup.backup"
        requests.post(f"{server.url}/userSignUp", {"username": "ada"}, timeout=60)
        assert run(app, "backup", str(backup)).exit_code == 0
        app.extensions["store"].close()
        requests.post(f"{server.url}/userSignUp", {"username": "bob"}, timeout=60)
        in_use = (
            f"Error: {file} is in use: stop the service, and close other programs that use it.\n"
        )
        with unchanged(tmp_path):
            assert refusal(app, "restore", str(backup)) == in_use
            moved = file.rename(tmp_path / "moved.db")
            assert refusal(app, "restore", str(backup)) == in_use
            moved.rename(file)
        assert requests.get(f"{server.url}/readyz", timeout=60).status_code == 200
        processes = psutil.Process(server.process.pid).children(recursive=True)
    psutil.wait_procs(processes)
    # The service was killed, so the newest row is in the log only.
    assert Path(f"{file}-wal").stat().st_size
    said = RESTORED.fullmatch(run(app, "restore", str(backup)).output)
    assert said
    kept = Path(said["kept"])
    assert {each.name for each in tmp_path.iterdir()} >= {
        "signup.db",
        kept.name,
        f"{kept.name}-wal",
    }
    assert not Path(f"{file}-wal").exists() and not Path(f"{file}-shm").exists()
    assert (accounts(file), accounts(kept)) == (["ada"], ["ada", "bob"])
    with serving(tmp_path, environment) as server:
        taken = requests.post(f"{server.url}/userSignUp", {"username": "ada"}, timeout=60)
        assert taken.status_code == 409


def test_no_program_opens_the_database_meanwhile(
    app: Flask, file: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = command._keep

    def open_and_keep(path: Path) -> Path | None:
        script = (
            "import sqlite3, sys; sqlite3.connect(sys.argv[1], 0).execute('SELECT 1 FROM accounts')"
        )
        opened = subprocess.run(
            [sys.executable, "-c", script, path], check=False, capture_output=True, text=True
        )
        assert "database is locked" in opened.stderr
        return keep(path)

    monkeypatch.setattr(command, "_keep", open_and_keep)
    assert run(app, "restore", str(backup)).exit_code == 0


@pytest.mark.parametrize("state", ["damaged", "missing", "folder is empty", "with a journal"])
def test_whatever_became_of_the_database_the_backup_is_restored(
    app: Flask, file: Path, backup: Path, state: str
) -> None:
    if state == "damaged":
        file.write_bytes(b"\0" * 5000)
    elif state == "missing":
        file.unlink()
        Path(f"{file}-wal").write_bytes(b"of the missing database")
    elif state == "with a journal":
        Path(f"{file}-journal").write_bytes(b"of the old database")
    else:
        file.unlink()
    assert run(app, "restore", str(backup)).exit_code == 0
    assert accounts(file) == ["ada"]
    kept = [each for each in file.parent.iterdir() if re.search(r"Z(-\w+)?$", each.name)]
    expected = {"damaged": 1, "missing": 1, "folder is empty": 0, "with a journal": 2}
    assert len(kept) == expected[state]


def replace(file: Path, statement: str) -> None:
    file.unlink()
    change(file, statement)


def damage(file: Path) -> None:
    pages = bytearray(file.read_bytes())
    pages[5000:9000] = bytes(4000)
    file.write_bytes(pages)


UNSUITABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no database": (lambda file: file.write_text("signup" * 999), "file is not a database"),
    "empty": (lambda file: file.write_bytes(b""), "it has no tables of this service"),
    "of another program": (
        lambda file: replace(file, "CREATE TABLE songs (name TEXT)"),
        "it has no tables of this service",
    ),
    "damaged": (damage, ""),
    "with a lost reference": (
        lambda file: change(file, "UPDATE user_details SET account_id = 77"),
        "foreign_key_check: row 1 of user_details refers to none of accounts.",
    ),
    "newer": (
        lambda file: change(file, "UPDATE alembic_version SET version_num = '9999'"),
        f"its schema is at 9999, which this version ({head()}) doesn't know: "
        "restore it with the version that made it",
    ),
    "with another table": (
        lambda file: change(file, "CREATE TABLE songs (name TEXT)"),
        "The schema isn't this version's, which would need: remove_table songs.",
    ),
}


@pytest.mark.parametrize("kind", UNSUITABLE)
def test_a_file_that_is_no_sound_backup_changes_nothing(
    app: Flask, file: Path, backup: Path, kind: str
) -> None:
    make, reason = UNSUITABLE[kind]
    make(backup)
    with unchanged(file.parent), unchanged(backup.parent):
        said = refusal(app, "restore", str(backup))
    assert said.startswith(f"Error: {backup} can't be restored: {reason}")
    assert len(said.splitlines()) == 1
    assert accounts(file) == ["ada", "bob"]


def test_a_file_that_is_in_use_or_is_the_database_is_refused(
    app: Flask, file: Path, backup: Path
) -> None:
    (backup.parent / "link").symlink_to(file)
    with unchanged(file.parent):
        for same in str(file), str(backup.parent / "link"):
            assert refusal(app, "restore", same) == (
                f"Error: {same} is the database itself: give a backup of it.\n"
            )
        with closing(sqlite3.connect(backup)) as opened:
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("DELETE FROM accounts")
            opened.commit()
            said = refusal(app, "restore", str(backup))
        assert said.startswith(f"Error: {backup}-wal exists, so {backup} isn't complete")
    assert refusal(app, "restore", "no.backup", code=2).endswith("'no.backup' does not exist.\n")


def test_an_older_backup_is_upgraded(app: Flask, file: Path, backup: Path) -> None:
    config = migrations()
    engine = create_engine(f"sqlite:///{backup}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        alembic.downgrade(config, "0001")
    engine.dispose()
    assert f"and at {head()}.\n" in run(app, "restore", str(backup)).output
    assert accounts(file) == ["ada"]
    assert run(app, "database", "check").exit_code == 0


def test_a_failure_in_between_changes_nothing(
    app: Flask, file: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for name in "sync", "_keep_owner":
        with monkeypatch.context() as patch, unchanged(file.parent):
            patch.setattr(command, name, fail)
            assert refusal(app, "restore", str(backup)) == (
                f"Error: {file}: No space left on device.\n"
            )


def test_a_machine_that_stops_in_between_leaves_one_whole_database(
    make_app_at: Callable[..., Flask],
    file: Path,
    backup: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """After each step that changes a file: the old database, the backup, or a refusal to start."""
    hold = sqlite3.connect(file)
    hold.execute("PRAGMA journal_mode = WAL")
    hold.execute(
        "INSERT INTO accounts SELECT 9, 'eve', 'eve', NULL, created_at FROM accounts LIMIT 1"
    )
    hold.commit()
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for suffix in "", "-wal":
        shutil.copy(f"{file}{suffix}", crashed / f"signup.db{suffix}")
    hold.close()
    target = crashed / "signup.db"
    seen: set[str] = set()

    def observed(name: str) -> Callable[..., object]:
        original = getattr(os, name)

        def call(*arguments: object, **more: object) -> object:
            result = original(*arguments, **more)
            copy = tmp_path / f"state{len(list(tmp_path.iterdir()))}"
            shutil.copytree(crashed, copy)
            index, log = (copy / f"signup.db{suffix}" for suffix in ("-shm", "-wal"))
            if index.exists() and not log.exists():
                seen.add("refuses to start")
            else:
                seen.add(", ".join(accounts(copy / "signup.db")))
            return result

        return call

    with monkeypatch.context() as patch:
        for name in "link", "unlink", "replace":
            patch.setattr(os, name, observed(name))
        assert run(make_app_at(f"sqlite:///{target}"), "restore", str(backup)).exit_code == 0
    assert seen == {"ada, bob, eve", "refuses to start", "ada"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change the owner of a file")
@pytest.mark.parametrize("exists", [True, False])
def test_root_leaves_the_database_to_the_services_user(
    app: Flask, file: Path, backup: Path, exists: bool
) -> None:
    if exists:
        os.chown(file, 65534, 65533)
    else:
        file.unlink()
        os.chown(file.parent, 65534, 65533)
    assert run(app, "restore", str(backup)).exit_code == 0
    found = file.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65534, 65533, 0o600)


def test_a_symbolic_link_to_the_database_stays(
    make_app_at: Callable[..., Flask], file: Path, backup: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(file)
    assert run(make_app_at(f"sqlite:///{link}"), "restore", str(backup)).exit_code == 0
    assert link.is_symlink() and accounts(file) == ["ada"]


def test_postgresql_is_left_to_its_own_tool(
    make_app_at: Callable[..., Flask], postgresql_url: str, backup: Path
) -> None:
    assert "pg_restore" in refusal(make_app_at(postgresql_url), "restore", str(backup))
