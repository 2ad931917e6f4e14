"""Log lines: each is a JSON object, and is written at once without blocking."""

import json
import logging
import os
import socket
import stat
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from gevent.monkey import get_original

RECEIVED_AT = "api.received_at"
"""The WSGI environ's key of the monotonic time at which the whole request had been received."""


# gevent's socket would wait for a slow reader.
_Socket: type[socket.socket] = get_original("socket", "socket")


class Clock:
    """The current time in the format of RFC 3339, in UTC and to the millisecond."""

    def __init__(self) -> None:
        self._formatted = 0, ""

    def now(self) -> str:
        now = time.time()
        second, written = self._formatted
        # Formatting the whole time would take a microsecond for each request.
        if second != int(now):
            second = int(now)
            written = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            self._formatted = second, written
        return f"{written}.{int((now - second) * 1000):03}Z"


clock = Clock()


def to_line(level: str, logger: str, message: str, request_id: str | None, **more: str) -> str:
    """Return a log line. All lines begin with these members; the request log's have others too."""
    entry = {"time": clock.now(), "level": level, "logger": logger, "message": message}
    return json.dumps(entry | {"requestId": request_id} | more, separators=(",", ":")) + "\n"


class LineWriter:
    """Writes lines to standard error, or to another file descriptor.

    Each line is one write, so that lines of several workers don't mix. If the reader is too slow or
    has ended, lines are dropped, and their number is logged. Only a write to a terminal blocks.
    """

    def __init__(self, number: int = 2) -> None:
        # If standard error were closed, a connection might get its file descriptor.
        self._to = os.dup(number) if sys.stderr else os.open(os.devnull, os.O_WRONLY)
        kind = os.fstat(self._to).st_mode
        if stat.S_ISFIFO(kind):
            self._to = _reopen(self._to)
        self._socket = _Socket(fileno=self._to) if stat.S_ISSOCK(kind) else None
        self._lost, self._is_partial = 0, False

    def write(self, line: str) -> None:
        if self._lost:
            lost = to_line("warning", __name__, f"{self._lost} lines lost", None)
            line = f"{self._is_partial * chr(10)}{lost}{line}"
        data = line.encode()
        try:
            self._is_partial = self._write(data) < len(data)
            self._lost = int(self._is_partial)
        except OSError:
            self._lost += 1

    def _write(self, data: bytes) -> int:
        """Write without waiting, and return the number of bytes written. Raises `OSError`."""
        if self._socket:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        return os.write(self._to, data)


def _reopen(pipe: int) -> int:
    """Return another descriptor of the pipe, which doesn't block.

    `set_blocking` changes the pipe for every program that shares it. It is used only if the pipe
    can't be opened again (another user's, or not on Linux), because logging must not block.
    """
    try:
        opened = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        os.set_blocking(pipe, False)
        return pipe
    os.close(pipe)
    return opened


class JsonHandler(logging.Handler):
    """Writes log records to `lines`. `request_id` returns the id of the current request, if any."""

    def __init__(self, lines: LineWriter, request_id: Callable[[], str | None]) -> None:
        super().__init__()
        self._lines, self._request_id = lines, request_id
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        request_id = getattr(record, "request_id", None) or self._request_id()
        more = {}
        if record.exc_info:
            more["exception"] = self._formatter.formatException(record.exc_info)
        level = record.levelname.lower()
        self._lines.write(to_line(level, record.name, record.getMessage(), request_id, **more))


def configure_logging(lines: LineWriter, level: str, request_id: Callable[[], str | None]) -> None:
    """Write all log records, from this level on, and Python's warnings as JSON lines."""
    logging.captureWarnings(capture=True)
    logging.basicConfig(level=level.upper(), handlers=[JsonHandler(lines, request_id)], force=True)
    for name in "alembic", "sqlalchemy.pool":
        logging.getLogger(name).setLevel(logging.WARNING)
