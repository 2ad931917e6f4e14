"""The three files of a SQLite database: the database, its log (-wal) and the log's index (-shm)."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from api.storage.errors import DatabaseError
from api.threads import sleep

LOGS = ("-wal", "-journal")
"""The logs of a database, which SQLite applies when it opens a database of the same name: the
write-ahead log, and the rollback journal that it has in another journal mode."""
_LOCKED_WHILE_OPEN = {"": (2**30, 512), "-shm": (120, 9)}
"""The bytes of the database and of the log's index in which SQLite keeps its locks: the first, and
how many. In WAL mode each open connection has a lock in both files, also while it is idle."""

MISSING = (
    "its -wal or -shm file was moved or deleted: put it back, or stop what uses the database; "
    "if the -wal is lost, delete the -shm too"
)
REPLACED = "its file was replaced while it was opened: try again"


@contextmanager
def lock_unused(path: str) -> Iterator[None]:
    """Keep every program from opening the database. Raises `DatabaseError` if one has it open.

    These are SQLite's own locks, but SQLite isn't used, because the database may be damaged. The
    operating system drops them when this process closes any of the files: don't open them inside.
    """
    with ExitStack() as opened:
        for suffix, (first, number) in _LOCKED_WHILE_OPEN.items():
            with suppress(FileNotFoundError):
                file = opened.enter_context(Path(f"{path}{suffix}").open("r+b"))
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, number, first)
                except BlockingIOError:
                    advice = "stop the service, and close other programs that use it."
                    raise DatabaseError(f"{path} is in use: {advice}") from None
        yield


class Files:
    """The files of the database at `path`, and whether they are still those that were opened.

    SQLite itself never replaces or deletes a file while any process has a connection. Only the last
    connection that closes does.
    """

    def __init__(self, path: str) -> None:
        """Remember which file is at the path, which must be the one that is then opened."""
        # SQLite creates the other files in the folder of the real file.
        real = os.path.realpath(path)
        self.path, self._log, self._index = path, f"{real}-wal", f"{real}-shm"
        self._opened: tuple[Any, ...] = ()
        with suppress(OSError):
            database = os.stat(path)
            self._opened = database.st_dev, database.st_ino

    def refuse_missing_log(self) -> None:
        """Raise `sqlite3.OperationalError` if the log is missing, but not its index.

        SQLite deletes the index first, so another program deleted the log: while another process
        uses the database, or after a crash. SQLite would create an empty log, and the content of
        the deleted one would be lost.
        """
        for _ in range(3):  # Another process may just be opening or closing the database.
            if os.path.exists(self._log) or not os.path.exists(self._index):
                return
            sleep(0.01)
        raise sqlite3.OperationalError(MISSING)

    def _identify(self) -> tuple[Any, ...]:
        """Return the identities of the files, and whether the database can be written.

        SQLite opens a database that can't be written as read-only. Raises `OSError` if a file is
        missing.
        """
        database, log, index = os.stat(self.path), os.stat(self._log), os.stat(self._index)
        inodes = database.st_dev, database.st_ino, log.st_ino, index.st_ino
        return *inodes, os.access(self.path, os.W_OK)

    def remember(self) -> None:
        """Remember the identities of the opened files.

        Raises `sqlite3.OperationalError` if one is missing, or if the database was replaced while
        it was opened.
        """
        with suppress(OSError):
            opened = self._identify()
            if opened[:2] != self._opened:
                raise sqlite3.OperationalError(REPLACED)
            self._opened = opened
            return
        raise sqlite3.OperationalError(MISSING)

    def are_unchanged(self) -> bool:
        """Return whether the files are those that were opened."""
        with suppress(OSError):
            return self._identify() == self._opened
        return False

    def refuse_changed(self) -> None:
        """Raise `sqlite3.OperationalError` if the last write may be lost.

        A write may be lost if a file was deleted before it ended, because another process may
        already write to a new file. If a file is deleted later, the next process finds the write.
        """
        if not self.are_unchanged():
            error = sqlite3.OperationalError(MISSING)
            # `may_have_succeeded` returns True for this code.
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error

    def rescue_log(self, connection: sqlite3.Connection) -> None:
        """Write a deleted log, which `connection` still has open, into the database.

        Do nothing if another process has created a new log, because its changes are newer.
        """
        database = os.stat(self.path)
        is_same = (database.st_dev, database.st_ino) == self._opened[:2]
        if is_same and not os.path.exists(self._log):
            connection.execute("PRAGMA wal_checkpoint")
