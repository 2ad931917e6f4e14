"""One client's connection: bytes are gathered until a request is whole, and only then answered."""

import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser
from gunicorn_h1c import H1CProtocol

from api.waiting import call

MOST = 64 * 1024
"""Bytes of a body that are waited for: more than any form may have, so the app will refuse it."""

IDLE, REQUEST, ANSWER, LAST = 75, 20, 120, 2
"""Seconds a connection has between two requests, for a request to come whole, for its answer to be
made and taken; and once it is to be closed, for what the client still does."""

Address = tuple[Any, ...]
Application = Callable[[Any, Any], Iterable[bytes]]


class _Gathered:
    """A socket that lets a short answer leave in one piece: one system call, one packet."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._held = sock, bytearray()

    def sendall(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > MOST:
            self.flush()

    def sendfile(self, *arguments: Any, **more: Any) -> None:
        self.flush()
        call(self._sock.sendfile, *arguments, **more)

    def flush(self) -> None:
        """Send all; what doesn't fit into the system's buffer as the client takes it."""
        with suppress(BlockingIOError):
            del self._held[: self._sock.send(self._held, socket.MSG_DONTWAIT)]
        if self._held:
            call(self._sock.sendall, bytes(self._held))
            self._held.clear()


class Connection:
    """A connection that waits for nobody: it takes in what is there, and knows when that's enough.

    gunicorn's C parser tells when a request is whole. What it asks, and where the next one begins,
    is for gunicorn's own reading of the same bytes to say.
    """

    def __init__(self, sock: socket.socket, client: Address, server: Address, config: Config):
        self.sock, self.client, self.server, self.config = sock, client, server, config
        self.is_polled = self._parting = False
        self._begin(b"")

    def _begin(self, received: bytes) -> None:
        """Wait for a request, of which this much has come already."""
        self._received = bytearray()
        self._of_body = 0
        self._continued = self.is_due = False
        self._since = time.monotonic()
        if received:
            self._take(received)

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has come."""
        return not self._received

    def is_late(self, *, stopping: bool) -> bool:
        """Whether what it waits for should have come by now."""
        idle = LAST if stopping or self._parting else IDLE
        patience = ANSWER if self.is_due else idle if self.is_idle else REQUEST
        return time.monotonic() - self._since > patience

    def give_up(self) -> None:
        """Let the connection end as if its client had: it becomes readable, at its end."""
        with suppress(OSError):  # It may have gone by itself.
            self.sock.shutdown(socket.SHUT_RDWR if self.is_due else socket.SHUT_RD)

    def read(self) -> bool:
        """Take in what is there, no more than one request needs. Whether the client is there."""
        while not self.is_due:
            try:
                piece = self.sock.recv(65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return True
            if not piece:
                # What broke off is refused by the app, if it came far enough to be a request.
                self.is_due = not self.is_idle
                return self.is_due
            if not self._parting:
                self._take(piece)
        return True

    def _take(self, piece: bytes) -> None:
        if self.is_idle:
            self._since = time.monotonic()
            self._parser = H1CProtocol(on_body=self._count)
        self._received += piece
        try:
            self._parser.feed(piece)
        except Exception:  # It has several bases; gunicorn will say what is wrong.
            self.is_due = True
            return
        too_much = max(self._parser.content_length or 0, self._of_body) > MOST
        self.is_due = self._parser.is_complete or too_much or not self._goes_on()

    def _count(self, piece: bytes) -> None:
        self._of_body += len(piece)

    def _goes_on(self) -> bool:
        """Whether the client will send the body, told to where it asks (RFC 9110, 10.1.1)."""
        expects = self._parser.method and self._parser.get_header(b"expect")
        if expects and not self._continued:
            if expects.lower() != b"100-continue":
                return False
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._continued = True
        return True

    def answer(self, application: Application, *, last: bool) -> bool:
        """Answer the request that is due. Whether the connection stays open.

        No other may follow the `last`.
        Raises what gunicorn does for bytes that are no request.
        """
        whole = self._parser.is_complete
        # gunicorn's stubs don't know all of it.
        parser: Any = RequestParser(self.config, iter([bytes(self._received)]), self.client)
        try:
            request = next(parser)
        except (NoMoreData, StopIteration):
            return False
        request._expected_100_continue = False  # It was told, or has sent the body unasked.
        out = _Gathered(self.sock)
        response, environ = wsgi.create(request, out, self.client, self.server, self.config)
        environ["wsgi.multithread"] = True
        if last or not whole:
            response.force_close()
        answered = application(environ, response.start_response)
        try:
            if isinstance(answered, environ["wsgi.file_wrapper"]):
                response.write_file(answered)
            else:
                for part in answered:
                    response.write(part)
            response.close()
            out.flush()
        finally:
            if hasattr(answered, "close"):
                answered.close()
        if not whole:
            return self.part()
        if response.should_close() or not parser.finish_body():
            return False
        self._begin(parser.unreader.take_buffered())
        return True

    def part(self) -> bool:
        """Send nothing more, but let the client read (RFC 9112, 9.6). Whether it is still there.

        Closed with bytes unread, the connection would break off before the client has the answer.
        """
        self._begin(b"")
        self._parting = True
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
            return True
        return False
