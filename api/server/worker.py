"""gunicorn's gevent worker, with limits on time and memory, and its own error responses.

Each connection has a greenlet. A request is buffered until it is complete, and only then is the app
called, so that a slow client occupies only its connection.
"""

import errno
import gc
import io
import os
import resource
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection
from heapq import nsmallest
from operator import attrgetter
from typing import Any

import gevent
from gevent.event import Event
from gunicorn.http import wsgi
from gunicorn.http.errors import InvalidRequestLine, NoMoreData
from gunicorn.http.parser import RequestParser
from gunicorn.workers.ggevent import GeventWorker

from api import config
from api.observability.json_lines import RECEIVED_AT
from api.server.connection import ClientGone, Connection, Phase
from api.threads import run_in_greenlet, use_event_loop

MAX_BODY = 64 * 1024
"""Maximum bytes of a body. Forms have a lower maximum, so that the app sends the 413."""
MAX_CONNECTIONS = 4096
"""Maximum connections of a worker, but at most half of its file descriptors."""
MAX_HELD = 64 * 1024 * 1024
"""Maximum bytes of incomplete requests in a worker."""
MAX_UNSENT = 128 * 1024
"""Bytes of a response that the kernel takes while the client doesn't receive them."""
FEW_CONNECTIONS = 64
"""With fewer connections a worker pauses before it accepts the next one, so that another worker can
accept that. With more, connections that send nothing would delay later ones."""
ONE_ITERATION = 1e-6
"""Seconds to sleep for one iteration of the event loop, which polls all sockets. A sleep of 0
seconds only runs the greenlets that are ready."""
STOP_SIGNALS = {signal.SIGTERM, signal.SIGQUIT}
"""The signals that stop a worker."""
_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def ignore_stop_signals() -> None:
    """Let no further signal, such as one to the process group, interrupt the end of the process."""
    for number in (*STOP_SIGNALS, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


class _BrokenBody(io.RawIOBase):
    """A body that can't be read. Each attempt raises the exception that gunicorn raised."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> int:
        raise self._error


class Worker(GeventWorker):
    """Accepts the connections of the listeners and serves them."""

    per_client = 0
    """Maximum connections per client address; 0 for no maximum."""
    sample: Callable[[], None] = staticmethod(lambda: None)
    """Called every second."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # gunicorn creates the heartbeat file with the time of the wall clock, but compares it with
        # the monotonic clock. Without this, a worker that hangs at its start isn't replaced.
        self.tmp.notify()
        self._connections: set[Connection] = set()
        self._clients: Counter[str] = Counter()
        self._held = 0

    def init_signals(self) -> None:
        super().init_signals()
        self._stop = Event()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)  # See `Arbiter.spawn_worker`.

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        self._stop.set()

    def notify(self) -> None:
        self.tmp.notify()  # gunicorn's own method exits at once if the parent has ended.

    def run(self) -> None:
        use_event_loop()
        # Exclude all imported modules from garbage collection, which took 5 % of the time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._max_connections = min(descriptors // 2, MAX_CONNECTIONS)
        for listener in self.sockets:
            # The connections inherit the option, so that responses are sent at once.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MAX_UNSENT)
        accepting = [gevent.spawn(self._accept_all, each) for each in self.sockets]
        while self.alive and os.getppid() == self.ppid:
            self._check_connections()
            self._stop.wait(1)
        self.alive = False
        gevent.killall(accepting)
        for listener in self.sockets:
            self._accept_last(listener)
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while self._connections and time.monotonic() < deadline:
            self._check_connections()
            gevent.sleep(0.1)
        ignore_stop_signals()
        signal.set_wakeup_fd(-1)

    def _check_connections(self) -> None:
        self.notify()
        self.sample()
        for connection in list(self._connections):
            if connection.is_late(is_stopping=not self.alive):
                connection.time_out()

    def _accept_all(self, listener: Any) -> None:
        server = listener.getsockname()
        while True:
            self._wait_for_capacity()
            try:
                sock, address = listener.accept()
            except OSError as error:
                if error.errno in _OUT_OF_RESOURCES and not self._evict(config.LINGER_TIMEOUT):
                    gevent.sleep(0.1)
                continue
            connection = self._start(server, sock, address)
            # Serve its request first, so that another worker can accept the next connection.
            gevent.sleep(0)
            is_idle = connection and connection.phase is Phase.IDLE
            if is_idle and len(self._connections) < FEW_CONNECTIONS:
                # Otherwise one worker accepts all connections that are opened at the same time.
                gevent.sleep(ONE_ITERATION)

    def _accept_last(self, listener: Any) -> None:
        """Accept the connections in the listener's queue, and close the listener."""
        server = listener.getsockname()
        listener.setblocking(False)
        try:
            while True:
                self._start(server, *listener.accept())
        except OSError:
            listener.close()

    def _start(self, server: Any, sock: Any, address: Any) -> Connection | None:
        """Serve the connection, and return it. Close it if its client has too many."""
        if self.per_client and self._clients[address[0]] >= self.per_client:
            sock.close()
            return None
        self._clients[address[0]] += 1
        connection = Connection(sock, address, self._count_held)
        self._connections.add(connection)
        run_in_greenlet(self._serve, server, connection)
        return connection

    def _wait_for_capacity(self) -> None:
        """Wait until the number of connections is below the maximum."""
        while len(self._connections) >= self._max_connections:
            gevent.sleep(0 if self._evict(config.LINGER_TIMEOUT) else 0.1)

    def _count_held(self, number: int) -> None:
        """Count bytes of incomplete requests, and evict some connections if there are too many."""
        self._held += number
        if self._held > MAX_HELD:
            self._evict(0, [c for c in self._connections if c.held])

    def _evict(self, seconds: float, connections: Collection[Connection] | None = None) -> bool:
        """Evict the connections that make the least progress, and return whether there were any.

        They have waited longest for their clients, for `seconds` at least.
        """
        before = time.monotonic() - seconds
        waiting = [
            connection
            for connection in (self._connections if connections is None else connections)
            if connection.phase is not Phase.APP and connection.began <= before
        ]
        chosen = nsmallest(1 + len(waiting) // 16, waiting, key=attrgetter("began"))
        for connection in chosen:
            self._connections.discard(connection)
            self._held -= connection.held
            connection.evict()
        return bool(chosen)

    def _serve(self, server: Any, connection: Connection) -> None:
        """Serve the requests of a connection to the address `server`, one after the other."""
        try:
            source: Any = connection  # It has the methods of a socket that gunicorn uses.
            parser = RequestParser(self.cfg, source, connection.address)
            while self._serve_next(connection, parser, server):
                # Pipelined requests would be served without switching to other greenlets.
                gevent.sleep(0)
        except ClientGone as error:
            self.log.debug("a client has disconnected: %s", error)
        except Exception as error:
            try:
                self.refuse(connection, error)
            except ClientGone:
                self.log.debug("a client has disconnected: %s", error)
            except Exception:
                self.log.exception("a refusal could not be sent")
            connection.linger()
        finally:
            connection.end_request()
            self._connections.discard(connection)
            address = connection.address[0]
            self._clients[address] -= 1
            if not self._clients[address]:
                del self._clients[address]
            connection.sock.close()

    def _serve_next(self, connection: Connection, parser: Any, server: Any) -> bool:
        """Serve the next request, and return whether another one may follow.

        Raises gunicorn's exceptions for malformed requests, and the app's exceptions.
        """
        connection.begin_request(_peek(parser))
        try:
            request = next(parser)
        except (NoMoreData, StopIteration):
            if connection.has_begun:
                raise InvalidRequestLine("the request is incomplete") from None
            return False
        body, is_complete = self._read_body(connection, parser, request)
        connection.end_request()
        closes = _asks_to_close(request) or not is_complete or not self.alive
        sock: Any = connection  # See `_serve`.
        response, environ = wsgi.create(request, sock, connection.address, server, self.cfg)
        environ.update(
            {"wsgi.input": body, "wsgi.multithread": True, RECEIVED_AT: connection.began}
        )
        if closes:
            response.force_close()
        self._respond(connection, environ, response)
        if not is_complete:
            connection.linger()
        elif response.should_close():
            connection.end_responses()
        return is_complete and not response.should_close()

    def _read_body(
        self, connection: Connection, parser: Any, request: Any
    ) -> tuple[io.IOBase, bool]:
        """Return the body, and whether it was read to its end, where the next request begins."""
        length = next((int(v) for name, v in request.headers if name == "CONTENT-LENGTH"), None)
        expects, request._expected_100_continue = request._expected_100_continue, False
        if length is not None and length > MAX_BODY:
            return io.BytesIO(), False
        connection.begin_body()
        # A client that has sent a part of the body doesn't wait (RFC 9110, section 10.1.1).
        if expects and not _peek(parser):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.flush()
        try:
            data = request.body.read(MAX_BODY)
        except ClientGone:
            raise
        except Exception as error:
            return _BrokenBody(error), False
        return io.BytesIO(data), len(data) == length if length is not None else len(data) < MAX_BODY

    def _respond(self, connection: Connection, environ: Any, response: Any) -> None:
        parts = self.wsgi(environ, response.start_response)
        connection.begin_response()
        try:
            for part in parts:
                response.write(part)
            response.close()
            connection.flush()
        except BaseException:
            connection.abort_response()
            raise
        finally:
            if hasattr(parts, "close"):
                parts.close()

    def refuse(self, connection: Connection, error: Exception) -> None:
        """Send the response to a malformed request, or to a request for which the app raised."""
        raise NotImplementedError


def _peek(parser: Any) -> bytes:
    """Return the bytes that were received but not yet parsed."""
    received: bytes = parser.unreader.take_buffered()
    parser.unreader.unread(received)
    return received


def _asks_to_close(request: Any) -> bool:
    """Return whether the Connection header has the option `close` (RFC 9112, section 9.6)."""
    options = [value for name, value in request.headers if name == "CONNECTION"]
    return any(option.strip().lower() == "close" for v in options for option in v.split(","))
