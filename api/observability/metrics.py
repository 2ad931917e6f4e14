"""Metrics of all workers for Prometheus, served on a separate address.

Each worker counts in files of a shared folder. The parent process serves the sums, which include
the counts of workers that have ended.
"""

import fcntl
import logging
import os
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import Any

from flask import Flask
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from api.security.limits import LIMITED
from api.threads import start_thread

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Upper bounds of durations, in seconds: from half a read to twice the wait for a 503."""
SAMPLE_INTERVAL = 0.1
"""Minimum seconds between two samples of the gauges that responses trigger."""
_PREFIX = "sign-up-metrics-"
READ_ATTEMPTS = 100
"""Attempts to read the files of the workers, one every 10 ms."""
_log = logging.getLogger(__name__)


class Metrics:
    """The metrics of `app`. Create them in the parent process, before it starts workers."""

    def __init__(self, app: Flask) -> None:
        _delete_abandoned()
        self.folder, self._lock = _make_folder()
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = self.folder
        # The library reads the variable at import, before the settings are read.
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        requests = Counter("signup_requests", "Responses.", ["operation", "status"], registry=None)
        durations = Histogram(
            "signup_request_duration_seconds",
            "Seconds from a request's last byte to its response.",
            ["operation"],
            buckets=BUCKETS,
            registry=None,
        )
        self._limited = Counter(
            "signup_limited", "Requests refused, by rate limit.", ["limit"], registry=None
        )
        self._requests, self._durations = cache(requests.labels), cache(durations.labels)
        passwords, pool = app.extensions["passwords"], app.extensions["store"].database.engine.pool
        self._gauges: list[tuple[Gauge, Callable[[], int]]] = [
            (
                _gauge("hashing_waiting", "Passwords waiting to be hashed."),
                lambda: passwords.load()[0],
            ),
            (_gauge("hashing_running", "Passwords being hashed."), lambda: passwords.load()[1]),
            (
                _gauge("database_connections_in_use", "Database connections in use."),
                pool.checkedout,
            ),
            (_gauge("database_connections_most", "Maximum of database connections."), pool.size),
        ]
        self._next_sample = 0.0
        app.extensions["request_log"].observe = self.observe
        LIMITED.connect(self._count_limited, app)

    def observe(self, name: str | None, status: int, seconds: float) -> None:
        """Count a response: its operation, if any, its status and its duration in seconds."""
        try:
            if time.monotonic() > self._next_sample:
                self.sample()
            self._requests(name or "", status).inc()
            self._durations(name or "").observe(seconds)
        except OSError as error:  # The response matters more than its count.
            _log.warning("figures can't be kept: %s", error.strerror)

    def _count_limited(self, _app: Flask, limit: str) -> None:
        self._limited.labels(limit).inc()

    def sample(self) -> None:
        """Set the gauges. Each worker calls this every second, and with responses."""
        self._next_sample = time.monotonic() + SAMPLE_INTERVAL
        with suppress(OSError):
            for gauge, read in self._gauges:
                gauge.set(read())

    def forget(self, pid: int) -> None:
        """Delete the gauges of a worker that has ended. Its counts stay."""
        mark_process_dead(pid, self.folder)  # type: ignore[no-untyped-call]

    def read(self) -> bytes:
        """Return the metrics of all workers, in the text format of Prometheus."""
        registry = CollectorRegistry()
        MultiProcessCollector(registry, self.folder)  # type: ignore[no-untyped-call]
        for _ in range(READ_ATTEMPTS):
            # A worker has created a file, but not yet written its header.
            with suppress(struct.error):
                return generate_latest(registry)
            time.sleep(0.01)
        return generate_latest(registry)

    def serve(self, listener: socket.socket) -> None:
        """Serve `GET /metrics` on the listener until the process ends."""
        served = type("Handler", (_Handler,), {"metrics": self})
        server = _Server(listener.getsockname()[:2], served, bind_and_activate=False)
        server.socket.close()
        server.socket = listener
        # A greenlet would continue in each worker, because a worker is a fork of this process.
        start_thread(server.serve_forever)

    def close(self) -> None:
        rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def _lock(folder: str) -> int | None:
    """Lock the folder; return the descriptor that holds the lock, or None if it was locked.

    The system releases the lock when this process and its workers have ended, also after SIGKILL.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _delete_abandoned() -> None:
    """Delete the folders of services that were killed."""
    for folder in Path(gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # The folder is another user's, or was just deleted.
            if (descriptor := _lock(str(folder))) is not None:
                rmtree(folder, ignore_errors=True)
                os.close(descriptor)


def _make_folder() -> tuple[str, int]:
    """Return a new folder, and the descriptor that holds its lock."""
    while True:
        folder = mkdtemp(prefix=_PREFIX)
        with suppress(FileNotFoundError):  # Another service deleted the folder as abandoned.
            descriptor = _lock(folder)
            if descriptor is not None and os.path.isdir(folder):
                return folder, descriptor


def _gauge(name: str, meaning: str) -> Gauge:
    """Return a gauge of all running workers together."""
    return Gauge(f"signup_{name}", meaning, registry=None, multiprocess_mode="livesum")


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # The client has disconnected.
            _log.warning("metrics could not be sent", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    metrics: Metrics
    timeout = 5
    """Seconds that a client may take for each read and write."""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        metrics = self.metrics.read()
        self.send_response(200)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(metrics)))
        self.end_headers()
        self.wfile.write(metrics)

    def version_string(self) -> str:
        return "metrics"

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing, because a scraper asks every few seconds."""
