"""The three files of a SQLite database: itself, its log (-wal) and the log's index (-shm)."""

import os
import sqlite3
from contextlib import suppress
from typing import Any

from api.threads import sleep

MISSING = (
    "its -wal or -shm file was moved or deleted: put it back, or stop what uses the database; "
    "if the -wal is lost, delete the -shm too"
)


class Files:
    """The files of the database at `path`, and whether they are still those that were opened.

    While a connection is open SQLite itself never replaces or deletes one of them: that is done by
    the last connection to close, of all processes.
    """

    def __init__(self, path: str) -> None:
        real = os.path.realpath(
            path
        )  # SQLite creates the other files in the folder of the real one.
        self.path, self._log, self._index = path, f"{real}-wal", f"{real}-shm"
        self._known: tuple[Any, ...] = ()

    def refuse_missing_log(self) -> None:
        """Raise `sqlite3.OperationalError` where the log is missing, but not its index.

        SQLite deletes the index first, so somebody else deleted the log: while another process uses
        the database, or after a crash. SQLite would make an empty log, and what the other log holds
        would be lost.
        """
        for _ in range(3):  # Another process may just be opening or closing the database.
            if os.path.exists(self._log) or not os.path.exists(self._index):
                return
            sleep(0.01)
        raise sqlite3.OperationalError(MISSING)

    def _identify(self) -> tuple[Any, ...]:
        """Return which files they are, and whether the database may be written.

        SQLite opens a database that may not be written for reading alone. Raises `OSError` where a
        file is missing.
        """
        database, log, index = os.stat(self.path), os.stat(self._log), os.stat(self._index)
        inodes = database.st_dev, database.st_ino, log.st_ino, index.st_ino
        return *inodes, os.access(self.path, os.W_OK)

    def remember(self) -> None:
        """Take the files for those that were opened. Raises `OSError` where one is missing."""
        self._known = self._identify()

    def are_unchanged(self) -> bool:
        """Return whether they are those that were opened."""
        with suppress(OSError):
            return self._identify() == self._known
        return False

    def refuse_changed(self) -> None:
        """Raise `sqlite3.OperationalError` if what was just written may be lost.

        That is where a file was deleted before the write ended: another process may write to a new
        one already. If a file is deleted later, the process that creates it anew finds the write.
        """
        if not self.are_unchanged():
            error = sqlite3.OperationalError(MISSING)
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR  # It may have been done, or not.
            raise error

    def rescue_log(self, connection: sqlite3.Connection) -> None:
        """Write a log that was deleted into the database: `connection` has it open still.

        Not where another process has begun a new log, whose changes are newer.
        """
        database = os.stat(self.path)
        is_same = (database.st_dev, database.st_ino) == self._known[:2]
        if is_same and not os.path.exists(self._log):
            connection.execute("PRAGMA wal_checkpoint")
