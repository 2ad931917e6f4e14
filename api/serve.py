"""Migrate the database, then serve. An error at the start is printed on one line."""

import logging
import os
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from api.application import create_app
from api.config import SettingsError
from api.env_file import load_settings
from api.observability.json_lines import LineWriter, configure_logging
from api.observability.metrics import Metrics
from api.observability.request_log import RequestLog, current_request_id
from api.storage.database import open_engine
from api.storage.errors import DatabaseError, describe_url
from api.storage.migrate import checkpoint, purge_expired, upgrade

IGNORED = (
    *("FORWARDED_ALLOW_IPS", "GUNICORN_CMD_ARGS", "GUNICORN_FD", "GUNICORN_PID"),
    *("LISTEN_FDS", "LISTEN_PID", "SCRIPT_NAME", "SENDFILE"),
)
"""Environment variables by which gunicorn would override the settings."""


def _host_and_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _listen(names: str, host: str, port: int) -> socket.socket:
    """Return a listening socket: on `::` for IPv4 too, and on a name's IPv4 address if it has one.

    `names` are the settings that the message names. Raises `SettingsError`.
    """
    try:
        families = {found[0] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        family = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
        both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
        return socket.create_server((host, port), family=family, backlog=1024, dualstack_ipv6=both)
    except (OSError, UnicodeError) as error:  # UnicodeError: the name can't be encoded.
        cause = str(getattr(error, "strerror", None) or error).partition(" (")[0]
        raise SettingsError(
            f"{names}: can't listen on {_host_and_port(host, port)}: {cause}."
        ) from error


def _print(line: str) -> None:
    """Print the line to standard output. An error doesn't stop the service.

    `sys.stdout` isn't used: at exit it would try to write the line again, and fail.
    """
    if sys.stdout:
        with suppress(OSError):
            os.write(1, f"{line}\n".encode(sys.stdout.encoding, "backslashreplace"))


def _end_on_sigterm_as_process_1() -> None:
    """Let SIGTERM end a container that is still starting. Later gunicorn handles it.

    The kernel ignores a signal to process 1 that has no handler; other processes it ends.
    """
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))


def main() -> None:
    """Serve until a signal stops the service."""
    _end_on_sigterm_as_process_1()
    try:
        settings = load_settings()
        lines = LineWriter()
        configure_logging(lines, settings.log_level, current_request_id)
        app = create_app(settings)
        listener = _listen("HOST, PORT", settings.host, settings.port)
        host, _, port = settings.metrics_address.rpartition(":")
        metrics_listener = _listen("METRICS_ADDRESS", host.strip("[]"), int(port)) if port else None
        engine = open_engine(settings)
        upgrade(engine)
        purge_expired(engine)
        engine.dispose()
    except (SettingsError, DatabaseError) as error:
        sys.exit(str(error))
    address = f"http://{_host_and_port(settings.host, settings.port)}"
    address = address.replace("//127.0.0.1:", "//localhost:")

    def print_address(_arbiter: object) -> None:
        docs = f"docs at {address}/docs, " if settings.docs_enabled else ""
        _print(f"Serving {address}, {docs}data in {describe_url(engine)}")

    def connect() -> None:
        """Connect to the database before the first request, which would wait for it."""
        with suppress(SQLAlchemyError):  # The database may become available later.
            app.extensions["store"].ping()

    request_log: RequestLog = app.extensions["request_log"]
    if logging.getLogger().isEnabledFor(logging.INFO):
        request_log.write = lines.write
    options: dict[str, Any] = {
        "workers": settings.web_concurrency,
        "per_client": settings.connections_per_client,
        "graceful_timeout": settings.grace_period,
    }
    metrics = Metrics(app) if metrics_listener else None
    if metrics_listener and metrics:
        metrics.serve(metrics_listener)
        options |= {"sample": metrics.sample, "on_worker_exit": metrics.forget}

    def clean_up() -> None:
        """Close the database and the metrics after the workers have ended."""
        checkpoint(engine)
        if metrics:
            metrics.close()

    for name in IGNORED:
        os.environ.pop(name, None)
    # gunicorn reads the variable at import, and fails if `int` can't parse it.
    os.environ["WEB_CONCURRENCY"] = str(settings.web_concurrency)
    server = import_module("api.server.application").Server
    server(
        app, listener, on_worker_start=connect, when_ready=print_address, on_end=clean_up, **options
    ).run()
