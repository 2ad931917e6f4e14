"""gunicorn, configured for the service: its signals, its trusted headers, its error responses."""

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
from api.contract.problems import PROBLEM, SERVER_FAULT, problem, problem_text
from api.errors import UNROUTED_REPLIES
from api.observability.request_log import RequestLog, new_id
from api.security.addresses import normalised
from api.security.browsers import ANY_ORIGIN, COMMON_HEADERS, SIGN_UP_PATH
from api.server.connection import Connection
from api.server.refusals import refusal
from api.server.worker import STOP_SIGNALS, Worker, ignore_stop_signals

_log = logging.getLogger(__name__)


class _Arbiter(Arbiter):
    handle_int = Arbiter.handle_term  # Ctrl-C finishes the requests in flight, like SIGTERM.

    def spawn_worker(self) -> int:
        """Block the signals that stop a worker until it has installed its own handlers."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def handle_usr2(self) -> None:
        """Ignore the signal. gunicorn would start a second service on the same port."""


class _Logger(Logger):
    """Passes gunicorn's log records to the root logger, which writes JSON lines."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


# A request target for the sign-up, also in absolute form (RFC 9112, section 3.2.2).
_SIGN_UP = re.compile(rf"(https?://[^/?]*)?{SIGN_UP_PATH}(\?|$)")


class ProblemWorker(Worker):
    """Responds to malformed requests with a problem, and logs the response."""

    def refuse(self, connection: Connection, error: Exception) -> None:
        """Send a problem. At the sign-up's path, pages of any origin may read it.

        Only the type of the error is logged, because its text may repeat user data.
        """
        status, detail = refusal(error)
        request_id = new_id()
        if status == 500:
            _log.error("a request failed", exc_info=error, extra={"request_id": request_id})
        else:
            _log.info("not a request: %s", type(error).__name__, extra={"request_id": request_id})
        app: Any = self.wsgi
        request_log: RequestLog = app.extensions["request_log"]
        request_log.record(
            request_id, None, status, connection.began, normalised(connection.address[0])
        )
        reply = UNROUTED_REPLIES.get(status)
        content = problem(status, detail or (reply.description if reply else SERVER_FAULT))
        body = problem_text(content)
        headers = {name: str(header.const) for name, header in COMMON_HEADERS.items()}
        if _SIGN_UP.match(connection.target):
            headers |= ANY_ORIGIN
        headers |= {"Content-Type": PROBLEM, "Content-Length": str(len(body))}
        headers |= {"Connection": "close", "X-Request-ID": request_id}
        lines = [
            f"HTTP/1.1 {status} {content['title']}",
            *(f"{k}: {v}" for k, v in headers.items()),
        ]
        connection.begin_response()
        connection.sendall("\r\n".join([*lines, "", body]).encode("latin-1"))
        connection.flush()


class Server(BaseApplication):
    """Serves `app` on a listening socket. `options` are gunicorn's settings.

    Each worker calls `on_worker_start` before it serves, and `sample` every second. The parent
    process calls `on_worker_exit` with the process id of a worker that ended, and `on_end` at its
    own end.
    """

    worker_class: type[Worker] = ProblemWorker

    def __init__(
        self,
        app: Flask,
        listener: socket.socket,
        *,
        on_worker_start: Callable[[], None],
        sample: Callable[[], None] = lambda: None,
        on_worker_exit: Callable[[int], None] = lambda _: None,
        on_end: Callable[[], None] = lambda: None,
        per_client: int = 0,
        **options: Any,
    ) -> None:
        self.app, self.on_worker_start, self.on_end = app, on_worker_start, on_end
        attributes = {"sample": staticmethod(sample), "per_client": per_client}
        self.options = options | {
            "child_exit": lambda _server, worker: on_worker_exit(worker.pid),
            "worker_exit": lambda _server, _worker: app.extensions["store"].close(),
            "on_exit": lambda _server: self._end(),
            "bind": f"fd://{listener.fileno()}",
            # gunicorn creates the workers, so their attributes are those of the class.
            "worker_class": type("Worker", (self.worker_class,), attributes),
            # The Python parser is stricter than the C parser, and as fast here.
            "http_parser": "python",
            "timeout": config.HEARTBEAT_TIMEOUT,
            "loglevel": "warning",
            "logger_class": _Logger,
            "control_socket_disable": True,
            "post_worker_init": lambda _worker: self._start_worker(),
            # Only TRUSTED_PROXIES determines which forwarding headers are used.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
        }
        super().__init__()

    def _start_worker(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the arbiter alone.
        self.on_worker_start()

    def _end(self) -> None:
        ignore_stop_signals()
        self.on_end()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app

    def run(self) -> None:
        _, maximum = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (maximum, maximum))
        _Arbiter(self).run()
