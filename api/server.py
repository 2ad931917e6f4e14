"""gunicorn, made to keep the contract: how it stops, whom it believes, what it refuses itself."""

import json
import signal
import socket
from typing import Any

from flask import Flask
from gunicorn import util
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from api.browsers import ALWAYS, ANY_ORIGIN
from api.errors import BESIDE, OUR_FAULT, PROBLEM, problem
from api.worker import Worker

GRACE = 30
"""Seconds that requests in flight have to finish in, once the server is told to stop."""


class _Arbiter(Arbiter):
    handle_int = Arbiter.handle_term  # Ctrl-C finishes what is in flight, as SIGTERM does.


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
    """Serves `app` on a socket that listens already; `options` are gunicorn's settings."""

    worker_class: type[Worker] = Worker

    def __init__(self, app: Flask, listener: socket.socket, **options: Any) -> None:
        self.app = app
        self.options = options | {
            "bind": f"fd://{listener.fileno()}",
            "worker_class": self.worker_class,
            # It is the stricter; the C parser has told by then that the request is whole.
            "http_parser": "python",
            "graceful_timeout": GRACE,
            "loglevel": "warning",
            "control_socket_disable": True,
            # Ctrl-C is for the arbiter alone.
            "post_worker_init": lambda _worker: signal.signal(signal.SIGINT, signal.SIG_IGN),
            # Who came through which proxy is for TRUSTED_PROXIES alone to say.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
        }
        # gunicorn has no other place to say how its own refusals look.
        util.write_error = _write_problem
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self.app

    def run(self) -> None:
        _Arbiter(self).run()
