"""gunicorn, configured to keep the contract: how it stops, what it trusts, what it refuses."""

import json
import logging
import re
import resource
import signal
import socket
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from api import config
from api.errors import OUR_FAULT, PROBLEM, UNROUTED_REPLIES, problem
from api.observability.request_log import RequestLog, new_id
from api.security.addresses import normalised
from api.security.browsers import ANY_ORIGIN, COMMON_HEADERS, SIGN_UP_PATH
from api.server.connection import Connection
from api.server.refusals import refusal
from api.server.worker import STOPS, Worker

_log = logging.getLogger(__name__)


class _Arbiter(Arbiter):
    handle_int = Arbiter.handle_term  # Ctrl-C finishes what is in flight, as SIGTERM does.

    def spawn_worker(self) -> int:
        """Block the signals that stop a worker until it has installed its own handlers."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def handle_usr2(self) -> None:
        """Change nothing: gunicorn would start another service beside this one, on its port."""


class _Logger(Logger):
    """gunicorn's log is a part of ours."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


# The path, or the same within a URL: the absolute form of a target (RFC 9112, section 3.2.2).
_SIGN_UP = re.compile(rf"(https?://[^/?]*)?{SIGN_UP_PATH}(\?|$)")


class RefusingWorker(Worker):
    """Refuses what never became a request in the one shape of errors, and tells of it."""

    def refuse(self, connection: Connection, error: Exception) -> None:
        """Send a problem; pages of any origin may read it where they may sign up.

        The log has only the error's kind, because its text repeats what the client sent.
        """
        status, detail = refusal(error)
        known = new_id()
        if status == 500:
            _log.error("a request failed", exc_info=error, extra={"request_id": known})
        else:
            _log.info("not a request: %s", type(error).__name__, extra={"request_id": known})
        app: Any = self.wsgi
        request_log: RequestLog = app.extensions["request_log"]
        request_log.record(known, None, status, connection.began, normalised(connection.address[0]))
        reply = UNROUTED_REPLIES.get(status)
        content = problem(status, detail or (reply.description if reply else OUR_FAULT))
        body = json.dumps(content)
        headers = {name: str(header.const) for name, header in COMMON_HEADERS.items()}
        if _SIGN_UP.match(connection.target):
            headers |= ANY_ORIGIN
        headers |= {"Content-Type": PROBLEM, "Content-Length": str(len(body))}
        headers |= {"Connection": "close", "X-Request-ID": known}
        lines = [
            f"HTTP/1.1 {status} {content['title']}",
            *(f"{k}: {v}" for k, v in headers.items()),
        ]
        connection.begin_response()
        connection.sendall("\r\n".join([*lines, "", body]).encode("latin-1"))
        connection.flush()


class Server(BaseApplication):
    """Serves `app` on a socket that listens already; `options` are gunicorn's settings.

    Each worker does `begin` before it serves, and `sample` every second; their parent does `forget`
    of the process id of each that has ended, and `end` when it ends itself.
    """

    worker_class: type[Worker] = RefusingWorker

    def __init__(
        self,
        app: Flask,
        listener: socket.socket,
        *,
        begin: Callable[[], None],
        sample: Callable[[], None] = lambda: None,
        forget: Callable[[int], None] = lambda _: None,
        end: Callable[[], None] = lambda: None,
        per_client: int = 0,
        **options: Any,
    ) -> None:
        self.app, self.begin = app, begin
        given = {"sample": staticmethod(sample), "per_client": per_client}
        self.options = options | {
            "child_exit": lambda _server, worker: forget(worker.pid),
            "worker_exit": lambda _server, _worker: app.extensions["store"].close(),
            "on_exit": lambda _server: end(),
            "bind": f"fd://{listener.fileno()}",
            # gunicorn makes its workers by itself, so their class has what they are given.
            "worker_class": type("Worker", (self.worker_class,), given),
            # It is the stricter, and costs as much here as the C parser.
            "http_parser": "python",
            "timeout": config.HEARTBEAT_TIMEOUT,
            "loglevel": "warning",
            "logger_class": _Logger,
            "control_socket_disable": True,
            "post_worker_init": lambda _worker: self._begin(),
            # Who came through which proxy is for TRUSTED_PROXIES alone to say.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
        }
        super().__init__()

    def _begin(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the arbiter alone.
        self.begin()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app

    def run(self) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        _Arbiter(self).run()
