"""`python -m api`: migrates the database, then serves; what can't work is said on one line."""

import logging
import socket
import sys
from contextlib import suppress
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from api import create_app
from api.config import Settings, SettingsError
from api.connections import DatabaseError
from api.database import open_database, purge_expired, upgrade, where
from api.json_lines import Lines, log_to
from api.metrics import Metrics
from api.request_log import Watch, request_id
from api.server import Server


def _listen(names: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, TypeError) as error:
        cause = str(getattr(error, "strerror", None) or error).partition(" (")[0]
        raise SettingsError(f"{names}: can't listen on {(host, port)}: {cause}.") from error


def main() -> None:
    """Serve until told to stop."""
    try:
        settings = Settings.from_environ()
        lines = Lines()
        log_to(lines, settings.log_level, request_id)
        app = create_app(settings)
        listener = _listen("HOST, PORT", settings.host, settings.port)
        host, _, port = settings.metrics_address.rpartition(":")
        told = _listen("METRICS_ADDRESS", host.strip("[]"), int(port)) if port else None
        engine = open_database(settings)
        upgrade(engine)
        purge_expired(engine)
        engine.dispose()
    except (SettingsError, DatabaseError) as error:
        sys.exit(str(error))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{settings.port}".replace("//127.0.0.1:", "//localhost:")

    def say_where(_arbiter: object) -> None:
        docs = f"docs at {address}/docs, " if settings.docs_enabled else ""
        print(f"Serving {address}, {docs}data in {where(engine)}", flush=True)  # noqa: T201

    def connect() -> None:
        """Before there are clients, who else would wait for it: half a second, in a crowd."""
        with suppress(SQLAlchemyError):  # It may come yet.
            app.extensions["store"].ping()

    watch: Watch = app.extensions["watch"]
    if logging.getLogger().isEnabledFor(logging.INFO):
        watch.write = lines.write
    options: dict[str, Any] = {"workers": settings.web_concurrency, "threads": settings.threads}
    if told:
        metrics = Metrics(app)
        metrics.serve(told)
        options |= {"sample": metrics.sample, "forget": metrics.forget, "end": metrics.close}
    Server(app, listener, begin=connect, when_ready=say_where, **options).run()


if __name__ == "__main__":
    main()
