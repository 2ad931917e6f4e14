"""`python -m api`: the production server, gunicorn with threads."""

import logging
import signal
import socket
import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from api import create_app
from api.config import Settings, SettingsError
from api.connections import DatabaseError
from api.database import open_database, upgrade, where

GRACE = 30
"""Seconds that requests in flight have to finish in, once the server is told to stop."""


class _Arbiter(Arbiter):
    handle_int = Arbiter.handle_term  # Ctrl-C finishes what is in flight, as SIGTERM does.


class _Server(BaseApplication):
    def __init__(self, app: Flask, **options: Any) -> None:
        self.app, self.options = app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app

    def run(self) -> None:
        _Arbiter(self).run()


def _listen(settings: Settings) -> socket.socket:
    address = settings.host, settings.port
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server(address, family=family, backlog=1024)
    except OSError as error:
        cause = str(error.strerror).partition(" (")[0]
        raise SettingsError(f"HOST, PORT: can't listen on {address}: {cause}.") from error


def main() -> None:
    """Migrate the database, then serve until told to stop; what can't work is said at once."""
    try:
        settings = Settings.from_environ()
        logging.basicConfig(level=settings.log_level.upper())
        logging.getLogger("alembic").setLevel(logging.WARNING)
        app = create_app(settings)
        listener = _listen(settings)
        engine = open_database(settings)
        upgrade(engine)
        engine.dispose()
    except (SettingsError, DatabaseError) as error:
        sys.exit(str(error))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}".replace("//127.0.0.1:", "//localhost:")

    def say_where(_arbiter: object) -> None:
        docs = f"docs at {address}/docs, " if settings.docs_enabled else ""
        print(f"Serving {address}, {docs}data in {where(engine)}", flush=True)  # noqa: T201

    _Server(
        app,
        bind=f"fd://{listener.fileno()}",
        workers=settings.web_concurrency,
        worker_class="gthread",
        threads=settings.threads,
        graceful_timeout=GRACE,
        loglevel="warning",
        control_socket_disable=True,
        # Ctrl-C is for the arbiter alone.
        post_worker_init=lambda _worker: signal.signal(signal.SIGINT, signal.SIG_IGN),
        when_ready=say_where,
    ).run()


if __name__ == "__main__":
    main()
