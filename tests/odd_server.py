"""The server with short timeouts, whose app also has paths that misbehave.

`python -m tests.odd_server`, with the settings of `python -m api`.
"""

from gevent import monkey

if __name__ == "__main__":
    monkey.patch_all()

import gc
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Flask
from gevent import getcurrent
from greenlet import greenlet

from api import config, create_app, serve, threads
from api.config import Settings
from api.security import counters
from api.server.application import ProblemWorker, Server
from api.server.connection import Connection

LARGE = 6 * 1024 * 1024
"""Bytes of a response, more than the system buffers for a client that doesn't read."""
LINGER, GONE = 0.5, 0.5
"""Seconds for which a closing connection lingers, and seconds until an unavailable rate-limit store
is tried again."""


class OddWorker(ProblemWorker):
    def init_process(self) -> None:
        time.sleep(float(os.environ.get("BOOTING", "0")))  # Simulate a slow start.
        if hung := os.environ.get("HANGING"):  # The first worker hangs for as long as possible.
            with suppress(FileExistsError):
                Path(hung).touch(exist_ok=False)
                threads.sleep(600)
        super().init_process()

    def refuse(self, connection: Connection, error: Exception) -> None:
        if "unsayable" in str(error):
            raise error
        super().refuse(connection, error)


def _breaking_off() -> Iterator[bytes]:
    yield b"a" * (LARGE // 4)
    raise OSError("broken off")


def _odd(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/raises" | "/unsayable" as path:
                raise RuntimeError(path)
            case "/breaks-off":
                start_response("200 OK", [("Content-Length", str(LARGE))])
                return _breaking_off()
            case "/large":
                start_response("200 OK", [("Content-Length", str(LARGE))])
                return [b"a" * LARGE]
            case "/slow":
                time.sleep(0.3)
                start_response("200 OK", [("Content-Length", "0")])
                return []
            case "/greenlet":
                # The number of requests that this greenlet has served, and of all greenlets.
                served: Any = getcurrent()
                served.number = getattr(served, "number", 0) + 1
                alive = sum(isinstance(each, greenlet) for each in gc.get_objects())
                text = f"{served.number} {alive}".encode()
                start_response("200 OK", [("Content-Length", str(len(text)))])
                return [text]
        return app(environ, start_response)

    return answer


def _exhausted(*_: object) -> int:
    """Raise as Python does if the process may start no more threads (`pids.max`)."""
    raise RuntimeError("can't start new thread")


def _create_app(settings: Settings | None = None) -> Flask:
    app = create_app(settings)
    app.wsgi_app = _odd(app.wsgi_app)  # type: ignore[method-assign]
    return app


if __name__ == "__main__":
    config.IDLE_TIMEOUT, config.REQUEST_TIMEOUT = 2, 1
    config.LINGER_TIMEOUT = LINGER  # type: ignore[assignment]
    counters.REDIS_RETRY = GONE  # type: ignore[assignment]
    config.HEARTBEAT_TIMEOUT = 4
    if "NO_THREADS" in os.environ:
        threads._start = _exhausted
    serve.create_app = _create_app  # type: ignore[attr-defined]
    Server.worker_class = OddWorker
    serve.main()
