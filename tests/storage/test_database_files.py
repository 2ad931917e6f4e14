"""SQLite's files: their permissions, and what happens if one is deleted or can't be written."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from api.config import Settings
from api.problem_types import OUTCOME_UNKNOWN
from api.storage import sqlite
from api.storage.database import open_engine
from api.storage.errors import DatabaseError, describe_url
from api.storage.migrate import checkpoint, upgrade
from api.storage.sqlite_files import Files
from tests.actor import Someone, assert_problem
from tests.records import recorded_lines

NOBODY = 65534
HOLD = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("SELECT * FROM accounts").fetchall()
print(flush=True)
sys.stdin.readline()
database.close()
"""


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def rows(file: Path) -> int:
    """Return the number of records in the file alone, without its log."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        count: int = database.execute("SELECT count(*) FROM user_details").fetchone()[0]
        return count


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def held_open(file: Path) -> Iterator[None]:
    """Another process has the database open, as another worker would."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline()
        yield
        process.communicate("\n", timeout=30)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_new_database_is_for_its_owner_alone_whatever_the_umask(
    tmp_path: Path, mask: int
) -> None:
    with umask(mask):
        engine = open_engine(Settings(database_url=f"sqlite:///{tmp_path / 'signup.db'}"))
        upgrade(engine)
        with engine.connect():
            names = ["signup.db", "signup.db-shm", "signup.db-wal"]
            assert modes(tmp_path) == dict.fromkeys(names, 0o600)
        engine.dispose()


def test_the_mode_of_a_database_that_exists_is_left_as_it_is(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.chmod(0o640)
    engine = open_engine(Settings(database_url=sqlite_url))
    upgrade(engine)
    with engine.connect():
        assert set(modes(file.parent).values()) == {0o640}
    engine.dispose()


def test_a_link_to_a_file_that_does_not_exist_yet_makes_that_file(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    engine = open_engine(Settings(database_url=f"sqlite:///{tmp_path / 'link.db'}"))
    upgrade(engine)
    engine.dispose()
    assert modes(tmp_path)["real.db"] == 0o600


def refusal_to_somebody(url: str) -> str:
    """Return the error if a user other than root starts the service, in a process of its own.

    Root may write every file.
    """
    engine = open_engine(Settings(database_url=url))
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            if not os.getuid():
                os.setresuid(NOBODY, NOBODY, NOBODY)
            upgrade(engine)
        except DatabaseError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading) as said:
        return said.read()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's temporary folders."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize(("of_file", "of_folder"), [(0o444, 0o777), (0o666, 0o555)])
def test_a_file_or_folder_that_can_not_be_written_is_said_at_start(
    open_folder: Path, migrated_file: Path, of_file: int, of_folder: int
) -> None:
    file = open_folder / "signup.db"
    file.write_bytes(migrated_file.read_bytes())
    file.chmod(of_file)
    open_folder.chmod(of_folder)
    wrong = file if of_file == 0o444 else open_folder
    assert refusal_to_somebody(f"sqlite:///{file}") == (
        f"{wrong} can't be written. "
        "Check its owner and mode, and that its file system isn't read-only."
    )


def test_a_new_file_in_a_folder_that_can_not_be_written_is_said_at_start(
    open_folder: Path,
) -> None:
    open_folder.chmod(0o555)
    file = open_folder / "signup.db"
    assert refusal_to_somebody(f"sqlite:///{file}") == f"{file}: Permission denied."


def test_a_folder_in_the_place_of_the_file_is_said_at_start(tmp_path: Path) -> None:
    engine = open_engine(Settings(database_url=f"sqlite:///{tmp_path}/"))
    with pytest.raises(DatabaseError, match=f"^{tmp_path} is a folder: name a file in it[.]$"):
        upgrade(engine)


def test_a_folder_whose_name_is_no_text_holds_a_database_all_the_same(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xfc?#%41")
    folder.mkdir()
    engine = open_engine(
        Settings(database_url=f"sqlite:///{tmp_path}/" + os.fsdecode(b"\xfc%3F%23%2541/signup.db"))
    )
    upgrade(engine)
    engine.dispose()
    assert list(modes(folder)) == ["signup.db"]
    assert describe_url(engine) == f"{tmp_path}/\\xfc?#%41/signup.db"


def test_a_checkpoint_leaves_everything_in_the_one_file(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    someone = Someone(make_app_at(sqlite_url).test_client())
    assert someone.gives_details().status_code == 201
    assert rows(file) == 0  # The row is in SQLite's log.
    checkpoint(open_engine(Settings(database_url=sqlite_url)))
    assert rows(file) == 1


def test_a_checkpoint_that_fails_is_logged(tmp_path: Path) -> None:
    with recorded_lines() as logged:
        checkpoint(open_engine(Settings(database_url=f"sqlite:///{tmp_path / 'none.db'}")))
        assert "-wal file wasn't written into the database" in logged()[0]["message"]


def assert_nothing_is_lost(
    app: Flask, file: Path, first: str, answers: Sequence[TestResponse]
) -> None:
    """The last record was accepted, and all accepted records are in the file by itself."""
    assert {answer.status_code for answer in answers} <= {201, 503}
    kept = [first, *(a.headers["Location"] for a in answers if a.status_code == 201)]
    assert answers[-1].status_code == 201
    app.extensions["store"].close()
    assert rows(file) == len(kept)
    someone = Someone(app.test_client())
    assert {someone.reads(link).status_code for link in kept} == {200}


DELETED = pytest.mark.parametrize("names", [["-wal"], ["-shm"], ["-wal", "-shm"]], ids="".join)


@DELETED
def test_nothing_is_lost_where_the_log_is_deleted_under_a_service_of_one_process(
    make_app_at: Callable[..., Flask], sqlite_url: str, names: list[str]
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    app = make_app_at(sqlite_url)
    someone = Someone(app.test_client())
    first = someone.gives_details().headers["Location"]
    for name in names:
        Path(f"{file}{name}").unlink()
    # Closing the last connection writes the log into the database.
    answers = [someone.gives_details() for _ in range(5)]
    assert_nothing_is_lost(app, file, first, answers)


@DELETED
def test_nothing_is_lost_where_the_log_is_deleted_while_another_process_uses_it_too(
    make_app_at: Callable[..., Flask], sqlite_url: str, names: list[str]
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    app = make_app_at(sqlite_url)
    someone = Someone(app.test_client())
    first = someone.gives_details().headers["Location"]
    with held_open(file):
        for name in names:
            Path(f"{file}{name}").unlink()
        answers = [someone.gives_details() for _ in range(5)]
    answers.append(someone.gives_details())
    assert_nothing_is_lost(app, file, first, answers)


def test_a_deleted_log_is_503_for_as_long_as_another_process_uses_it(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    someone = Someone(make_app_at(sqlite_url).test_client())
    link = someone.gives_details().headers["Location"]
    with held_open(file):
        Path(f"{file}-wal").unlink()
        for answer in someone.gives_details(), someone.reads(link), someone.signs_up("bob"):
            assert_problem(answer, 503)
        # The acknowledged rows are in the database already. No other process, such as a command or
        # a restarted worker, opens it.
        assert rows(file) == 1
        with pytest.raises(DatabaseError, match="its -wal or -shm file was moved or deleted"):
            upgrade(open_engine(Settings(database_url=sqlite_url)))
    assert someone.reads(link).status_code == 200


@pytest.mark.parametrize("name", ["-wal", "-shm"])
def test_a_file_that_is_deleted_during_a_write_leaves_it_unacknowledged(
    make_app_at: Callable[..., Flask], sqlite_url: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Before the write ends, another process may create a new file."""
    file = Path(sqlite_url.removeprefix("sqlite:///") + name)
    someone = Someone(make_app_at(sqlite_url).test_client())
    assert someone.gives_details().status_code == 201
    refuse_changed = Files.refuse_changed

    def delete_and_refuse(self: Files) -> None:
        file.unlink()
        refuse_changed(self)

    with monkeypatch.context() as patch:
        patch.setattr(Files, "refuse_changed", delete_and_refuse)
        answer = someone.gives_details()
    assert_problem(answer, 503)
    assert answer.get_json()["type"] == OUTCOME_UNKNOWN.uri
    assert someone.gives_details().status_code == 201


def test_a_log_that_is_put_back_is_used_again(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    log = Path(sqlite_url.removeprefix("sqlite:///") + "-wal")
    someone = Someone(make_app_at(sqlite_url).test_client())
    link = someone.gives_details().headers["Location"]
    with held_open(Path(str(log).removesuffix("-wal"))):
        log.rename(f"{log}.away")
        assert_problem(someone.reads(link), 503)
        Path(f"{log}.away").rename(log)
        assert someone.reads(link).status_code == 200


def test_a_database_that_is_replaced_while_it_is_opened_is_not_used(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Otherwise SQLite would write the log of one file beside the other."""
    file, other = tmp_path / "signup.db", tmp_path / "other.db"
    shutil.copy(file, other)
    set_pragmas = sqlite._set_pragmas

    def replace_and_set(connection: sqlite3.Connection, seconds: float) -> None:
        if other.exists():
            other.replace(file)
        set_pragmas(connection, seconds)

    monkeypatch.setattr(sqlite, "_set_pragmas", replace_and_set)
    engine = open_engine(Settings(database_url=sqlite_url))
    with pytest.raises(OperationalError, match="replaced while it was opened: try again"):
        engine.connect()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM accounts").scalar_one() == 0
    engine.dispose()
