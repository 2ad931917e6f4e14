"""gunicorn, made to keep the contract: how it stops, whom it believes, what it refuses itself."""

import json
import signal
import socket
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from api.browsers import ALWAYS, ANY_ORIGIN
from api.errors import BESIDE, OUR_FAULT, PROBLEM, problem
from api.shares import Shares
from api.worker import STOPS, Worker

GRACE = 30
"""Seconds that requests in flight have to finish in, once the server is told to stop."""


class _Arbiter(Arbiter):
    handle_int = Arbiter.handle_term  # Ctrl-C finishes what is in flight, as SIGTERM does.

    def spawn_worker(self) -> int:
        """Let what tells a new worker to stop wait until it listens: until then it has our ears."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def _write_problem(sock: socket.socket, status_int: int, reason: str, mesg: str) -> None:  # noqa: ARG001
    """Refuse what never became a request, in the one shape of errors.

    Any origin may read it: what is refused may have been a sign-up, and it tells nothing.
    """
    reply = BESIDE.get(status_int)
    body = json.dumps(problem(status_int, reply.description if reply else OUR_FAULT))
    headers = {name: str(header.const) for name, header in ALWAYS.items()} | ANY_ORIGIN
    headers |= {"Content-Type": PROBLEM, "Content-Length": str(len(body)), "Connection": "close"}
    head = [f"HTTP/1.1 {status_int} {reason}", *(f"{k}: {v}" for k, v in headers.items())]
    util.write_nonblock(sock, "\r\n".join([*head, "", body]).encode("latin-1"))


class Server(BaseApplication):
    """Serves `app` on a socket that listens already; `options` are gunicorn's settings.

    Each worker does `begin` before it serves.
    """

    worker_class: type[Worker] = Worker

    def __init__(
        self, app: Flask, listener: socket.socket, begin: Callable[[], None], **options: Any
    ) -> None:
        self.app, self.begin = app, begin
        shares = Shares(options["workers"])
        self.options = options | {
            "pre_fork": shares.give,
            "child_exit": shares.take_back,
            "bind": f"fd://{listener.fileno()}",
            # gunicorn makes its workers by itself, so what they share goes along with their class.
            "worker_class": type("Worker", (self.worker_class,), {"shares": shares}),
            # It is the stricter; the C parser has told by then that the request is whole.
            "http_parser": "python",
            "graceful_timeout": GRACE,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": lambda _worker: self._begin(),
            # Who came through which proxy is for TRUSTED_PROXIES alone to say.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
        }
        # gunicorn has no other place to say how its own refusals look.
        util.write_error = _write_problem
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
        _Arbiter(self).run()
