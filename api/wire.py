"""One client's connection: bytes are gathered until a request is whole, and only then answered."""

import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn_h1c import H1CProtocol

from api.exchange import Exchanges, Given

PIECE, BODY, WHOLE = 8 * 1024, 64 * 1024, 1024 * 1024
"""Bytes that are read at once; of a body that are waited for: more than any form may have, so the
app will refuse it; and of a request, with its head and what else there is around its chunks."""

IDLE, REQUEST, ANSWER, LAST = 75, 20, 120, 2
"""Seconds a connection has between two requests, for a request to come whole, for its answer to be
made and taken; and once it is to be closed, for what the client still does."""


class Connection:
    """A connection that waits for nobody: it takes in what is there, and knows when that's enough.

    gunicorn's C parser tells when a request is whole. `since` is when the connection began to wait
    for what it waits for, in monotonic seconds: an answer, since the request is whole.
    """

    def __init__(self, sock: socket.socket, client: Any, exchanges: Exchanges) -> None:
        self.sock, self.client, self._exchanges = sock, client, exchanges
        sock.setblocking(False)
        self.is_polled = self.is_parting = self._is_over = False
        self._begin(b"")

    def _begin(self, come: bytes) -> None:
        """Wait for a request, of which this much has come already."""
        self._come = come
        self._received, self._body = bytearray(), bytearray()
        self._continued = self.is_due = False
        self._fault: Exception | None = None
        self.since = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has come."""
        return not self._received

    @property
    def target(self) -> str:
        """The target of the request, as far as it has been received."""
        words = self._received.split(b"\r\n", 1)[0].split(b" ")
        return words[1].decode("latin-1") if len(words) > 1 else ""

    def is_late(self, *, hurry: bool) -> bool:
        """Whether what it waits for should have come by now."""
        idle = LAST if hurry or self.is_parting else IDLE
        patience = ANSWER if self.is_due else idle if self.is_idle else REQUEST
        return time.monotonic() - self.since > patience

    def give_up(self) -> None:
        """Let the connection end as if its client had: it becomes readable, at its end."""
        with suppress(OSError):  # It may have gone by itself.
            self.sock.shutdown(socket.SHUT_RDWR if self.is_due else socket.SHUT_RD)

    def read(self) -> bool:
        """Take in what is there, no more than one request needs. Whether the client is there."""
        while not self.is_due:
            try:
                piece = self._come or self.sock.recv(PIECE)
            except BlockingIOError:
                return self.is_parting or not self._is_over
            self._come = b""
            if not piece:
                # What broke off is refused by the app, if it came far enough to be a request.
                self.is_due, self.since = not self.is_idle, time.monotonic()
                return self.is_due
            if self._is_over and not self.is_parting:
                self.part()  # It was to send no more; yet it may have what it asked for.
            if self.is_parting:  # Whatever it sends is for nobody, and may not be all there is.
                self.since = time.monotonic()
                return self.since < self._parted + REQUEST
            self._take(piece)
        self.since = time.monotonic()
        return True

    def _take(self, piece: bytes) -> None:
        if self.is_idle:
            self.since = time.monotonic()
            self._parser = H1CProtocol(on_body=self._body.extend)
        self._received += piece
        try:
            self._parser.feed(piece)
        except Exception as fault:  # It has several bases; gunicorn will say what is wrong.
            self._fault, self.is_due = fault, True
            return
        body = max(self._parser.content_length or 0, len(self._body))
        too_much = body > BODY or len(self._received) > WHOLE
        self.is_due = self._parser.is_complete or too_much or not self._goes_on()

    def _goes_on(self) -> bool:
        """Whether the client will send the body, told to where it asks (RFC 9110, 10.1.1)."""
        expects = self._parser.method and self._parser.get_header(b"expect")
        if not expects or self._continued:
            return True
        if expects.lower() != b"100-continue":
            return False
        if self._parser.http_version > (1, 0):
            self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._continued = True
        return True

    def answer(self, *, last: bool) -> None:
        """Answer the request that is due, the `last` of this connection if that is said.

        Raises what gunicorn does for bytes that are no request.
        """
        received, body = bytes(self._received), bytes(self._body)
        given = Given(self.client, self.since, received, body, self._parser, self._fault)
        rest = self._exchanges.answer(given, self.sock, last=last)
        if last or not self._parser.is_complete:
            self.part()  # It may be sending still.
        elif rest is None:
            self._begin(b"")
            self._is_over = True
        else:
            self._begin(rest)

    def part(self) -> None:
        """Send nothing more, but let the client read (RFC 9112, 9.6).

        Closed with bytes unread, the connection would break off before the client has the answer.
        """
        self._begin(b"")
        self._parted = self.since
        self.is_parting = True
        with suppress(OSError):  # It may have gone by itself.
            self.sock.shutdown(socket.SHUT_WR)
