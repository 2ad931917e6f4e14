"""gunicorn's gevent worker, with limits on time and memory, and refusals of its own.

Each connection has a greenlet. A request is buffered until it is complete, and only then is the app
called, so that slow clients cost nothing but their connections.
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
from api.observability.json_lines import SINCE
from api.server.connection import ClientGone, Connection, Phase
from api.threads import use_event_loop

BODY = 64 * 1024
"""The most bytes of a body: more than any form may have, so that the app refuses it."""
CONNECTIONS = 4096
"""The most connections of a worker; fewer if half the file descriptors are fewer."""
BUFFERS = 64 * 1024 * 1024
"""The most bytes of incomplete requests in a worker."""
STOPS = {signal.SIGTERM, signal.SIGQUIT}
"""The signals that stop a worker."""
_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class _BrokenBody(io.RawIOBase):
    """A body that can't be read: each attempt raises what gunicorn raised."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> int:
        raise self._error


class Worker(GeventWorker):
    """Serves the listeners' clients."""

    per_client = 0
    """The most connections of one client address; 0 for any number."""
    sample: Callable[[], None] = staticmethod(lambda: None)
    """Is called every second."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # gunicorn compares the time of its heartbeat with the monotonic clock, but the file is made
        # with the wall clock's: without this a worker that hangs while it boots stays.
        self.tmp.notify()
        self._connections: set[Connection] = set()
        self._of_address: Counter[str] = Counter()
        self._held = 0

    def init_signals(self) -> None:
        super().init_signals()
        self._stop = Event()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)  # See `Arbiter.spawn_worker`.

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        self._stop.set()

    def notify(self) -> None:
        self.tmp.notify()  # gunicorn's own would exit at once if the parent has ended.

    def run(self) -> None:
        use_event_loop()
        # All that was imported stays: looking through it for garbage took 5 % of the time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = min(descriptors // 2, CONNECTIONS)
        for listener in self.sockets:
            # The connections inherit it: a response leaves at once.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepting = [gevent.spawn(self._accept_all, each) for each in self.sockets]
        while self.alive and os.getppid() == self.ppid:
            self._look_after()
            self._stop.wait(1)
        self.alive = False
        gevent.killall(accepting)
        for listener in self.sockets:
            self._accept_last(listener)
        deadline = time.monotonic() + self.cfg.graceful_timeout
        while self._connections and time.monotonic() < deadline:
            self._look_after()
            gevent.sleep(0.1)
        # A second signal, to the whole process group, would find half a process.
        for number in (*STOPS, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)

    def _look_after(self) -> None:
        self.notify()
        self.sample()
        for connection in list(self._connections):
            if connection.is_late(is_hurried=not self.alive):
                connection.give_up()

    def _accept_all(self, listener: Any) -> None:
        server = listener.getsockname()
        while True:
            self._make_room()
            try:
                sock, address = listener.accept()
            except OSError as error:
                if error.errno in _FULL and not self._cut_off_some(config.LINGER_TIMEOUT):
                    gevent.sleep(0.1)
                continue
            self._begin(server, sock, address)
            gevent.sleep(0)  # Its request first: another worker may take the next connection.

    def _accept_last(self, listener: Any) -> None:
        """Accept the connections that wait in the listener's queue, and close it."""
        server = listener.getsockname()
        listener.setblocking(False)
        try:
            while True:
                self._begin(server, *listener.accept())
        except OSError:
            listener.close()

    def _begin(self, server: Any, sock: Any, address: Any) -> None:
        if self.per_client and self._of_address[address[0]] >= self.per_client:
            sock.close()
            return
        self._of_address[address[0]] += 1
        connection = Connection(sock, address, self._count)
        self._connections.add(connection)
        gevent.spawn_raw(self._serve, server, connection)

    def _make_room(self) -> None:
        """Wait until there are fewer connections than there may be."""
        while len(self._connections) >= self._most:
            gevent.sleep(0 if self._cut_off_some(config.LINGER_TIMEOUT) else 0.1)

    def _count(self, number: int) -> None:
        """Count bytes of incomplete requests, and cut some off if there are too many."""
        self._held += number
        if self._held > BUFFERS:
            self._cut_off_some(0, [c for c in self._connections if c.held])

    def _cut_off_some(
        self, seconds: float, connections: Collection[Connection] | None = None
    ) -> bool:
        """Cut off the connections that make the least progress; return whether there were any.

        These are the ones that have waited longest for their clients, for `seconds` at least.
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
            connection.cut_off()
        return bool(chosen)

    def _serve(self, server: Any, connection: Connection) -> None:
        """Answer the requests of a connection to `server`, one after the other."""
        try:
            source: Any = connection  # It has as much of a socket as gunicorn uses.
            parser = RequestParser(self.cfg, source, connection.address)
            while self._answer_next(connection, parser, server):
                # Requests that were sent at once would be answered without ever waiting.
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
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]
            connection.sock.close()

    def _answer_next(self, connection: Connection, parser: Any, server: Any) -> bool:
        """Answer the next request, and return whether another one may follow.

        Raises what gunicorn does for bytes that are no request, and what the app does.
        """
        received = parser.unreader.take_buffered()
        parser.unreader.unread(received)
        connection.begin_request(received)
        try:
            request = next(parser)
        except (NoMoreData, StopIteration):
            if connection.is_begun:
                raise InvalidRequestLine("it broke off") from None
            return False
        body, is_whole = self._read_body(connection, parser, request)
        connection.end_request()
        closes = _asks_to_close(request) or not is_whole or not self.alive
        sock: Any = connection  # As above.
        response, environ = wsgi.create(request, sock, connection.address, server, self.cfg)
        environ.update({"wsgi.input": body, "wsgi.multithread": True, SINCE: connection.began})
        if closes:
            response.force_close()
        self._respond(connection, environ, response)
        if not is_whole:
            connection.linger()
        elif response.should_close():
            connection.end()
        return is_whole and not response.should_close()

    def _read_body(
        self, connection: Connection, parser: Any, request: Any
    ) -> tuple[io.IOBase, bool]:
        """Return the body, and whether it is all of it, after which the next request begins."""
        length = next((int(v) for name, v in request.headers if name == "CONTENT-LENGTH"), None)
        expects, request._expected_100_continue = request._expected_100_continue, False
        if length is not None and length > BODY:
            return io.BytesIO(), False
        connection.begin_body()
        if expects:
            received = parser.unreader.take_buffered()
            parser.unreader.unread(received)
            if not received:  # Otherwise it doesn't wait to be told (RFC 9110, section 10.1.1).
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                connection.flush()
        try:
            data = request.body.read(BODY)
        except ClientGone:
            raise
        except Exception as error:
            return _BrokenBody(error), False
        return io.BytesIO(data), len(data) == length if length is not None else len(data) < BODY

    def _respond(self, connection: Connection, environ: Any, response: Any) -> None:
        parts = self.wsgi(environ, response.start_response)
        connection.begin_response()
        try:
            for part in parts:
                response.write(part)
            response.close()
            connection.flush()
        except BaseException:
            connection.break_off()
            raise
        finally:
            if hasattr(parts, "close"):
                parts.close()

    def refuse(self, connection: Connection, error: Exception) -> None:
        """Send the response to bytes that are no request, or to a request whose app failed."""
        raise NotImplementedError


def _asks_to_close(request: Any) -> bool:
    """Return whether `close` is among the options of Connection (RFC 9112, section 9.6)."""
    options = [value for name, value in request.headers if name == "CONNECTION"]
    return any(option.strip().lower() == "close" for v in options for option in v.split(","))
