"""A client's connection: what gunicorn reads of it and writes to it, within limits."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any

import gevent
from gunicorn.http import errors

from api import config

PIECE = 8 * 1024
"""Bytes that are read at once."""
HEAD = 32 * 1024
"""The most bytes of a request's head."""
FRAMED_BODY = 128 * 1024
"""The most bytes of a request's body with all that is around its chunks."""
GATHERED = 64 * 1024
"""The most bytes of a response that are gathered before they are sent."""
_LINE = 8192
"""Bytes of a request that are kept to name its target."""


class ClientGone(Exception):
    """The client has disconnected."""


class Phase(Enum):
    """What a connection waits for."""

    IDLE = auto()
    REQUEST = auto()
    APP = auto()
    RESPONSE = auto()
    LINGER = auto()


class Connection:
    """A client's connection. gunicorn's parser reads from it, and its responses write to it.

    `began` is when its phase began, and `moved` when the client last sent or read something in it,
    in monotonic seconds. `held` is the number of bytes of an incomplete request.
    """

    def __init__(self, sock: socket.socket, address: Any, count: Callable[[int], None]) -> None:
        self.sock, self.address, self._count = sock, address, count
        self.held = 0
        self._gathered = bytearray()
        self._is_response_begun = self._is_given_up = False
        self.begin_request(b"")

    def enter(self, phase: Phase) -> None:
        self.phase = phase
        self.began = self.moved = time.monotonic()

    def begin_request(self, received: bytes) -> None:
        """Wait for a request, of which so much has been received already."""
        self.enter(Phase.REQUEST if received else Phase.IDLE)
        self._limit = HEAD
        self._start = received[:_LINE]
        self._hold(len(received) - self.held)

    def begin_body(self) -> None:
        self._limit = self.held + FRAMED_BODY

    def end_request(self) -> None:
        self._hold(-self.held)
        self.enter(Phase.APP)

    def _hold(self, number: int) -> None:
        self.held += number
        self._count(number)

    @property
    def is_begun(self) -> bool:
        """Whether more of a request than an empty line was received."""
        return bool(self._start.strip())

    @property
    def target(self) -> str:
        """The target of the request, as far as it has been received."""
        words = self._start.split(b"\r\n", 1)[0].split(b" ")
        return words[1].decode("latin-1") if len(words) > 1 else ""

    def recv(self, _size: int) -> bytes:
        """Return more bytes of the request; none after its end, its deadline or its limit.

        Raises `ClientGone`, and gunicorn's `LimitRequestHeaders` for a head that is too large.
        """
        if self.held > self._limit:
            if self._limit == HEAD:
                raise errors.LimitRequestHeaders("the head is too large")
            return b""
        if self.is_late(is_hurried=False):
            return b""
        data = self._recv()
        if data:
            if self.phase is Phase.IDLE:
                self.enter(Phase.REQUEST)
            if len(self._start) < _LINE:
                self._start += data
            self._hold(len(data))
        return data

    def _recv(self) -> bytes:
        try:
            return self.sock.recv(PIECE)
        except OSError as error:
            if self._is_given_up:  # gevent lets a `recv` fail that waits at a `shutdown`.
                return b""
            raise ClientGone(str(error)) from error

    def sendall(self, data: bytes) -> None:
        """Send all, or gather it until `flush`, so that a short response leaves in one packet."""
        if len(self._gathered) + len(data) <= GATHERED:
            self._gathered += data
        else:
            self.flush()
            self._send(data)

    def flush(self) -> None:
        gathered, self._gathered = self._gathered, bytearray()
        self._send(gathered)

    def _send(self, data: bytes | bytearray) -> None:
        """Send all, as the client reads it. Raises `ClientGone`."""
        left = memoryview(data)
        try:
            while left:
                left = left[self.sock.send(left) :]
                self.moved = time.monotonic()
                self._is_response_begun = True
        except OSError as error:
            raise ClientGone(str(error)) from error

    def begin_response(self) -> None:
        self._is_response_begun = False
        self.enter(Phase.RESPONSE)

    def break_off(self) -> None:
        """Let nothing follow that the client could take for the end of the response."""
        self._gathered.clear()
        if self._is_response_begun:
            self._shut_down(socket.SHUT_WR)

    def is_late(self, *, is_hurried: bool) -> bool:
        """Return whether the phase takes longer than it may; `is_hurried` closes idle ones soon."""
        now = time.monotonic()
        lasted, unmoved = now - self.began, now - self.moved
        match self.phase:
            case Phase.IDLE:
                return lasted > (config.LINGER_TIMEOUT if is_hurried else config.IDLE_TIMEOUT)
            case Phase.REQUEST:
                return lasted > config.REQUEST_TIMEOUT
            case Phase.APP:
                return lasted > config.RESPONSE_TIMEOUT
            case Phase.RESPONSE:
                return lasted > config.RESPONSE_TIMEOUT or unmoved > config.UNREAD_TIMEOUT
            case Phase.LINGER:
                return lasted > config.REQUEST_TIMEOUT or unmoved > config.LINGER_TIMEOUT

    def give_up(self) -> None:
        """End the connection as if its client had: a request that is late is answered 400."""
        self._is_given_up = True
        is_read = self.phase in (Phase.IDLE, Phase.REQUEST, Phase.LINGER)
        self._shut_down(socket.SHUT_RD if is_read else socket.SHUT_RDWR)

    def cut_off(self) -> None:
        """End the connection without a response, because others need its place."""
        self.held = 0
        self._shut_down(socket.SHUT_RDWR)

    def _shut_down(self, how: int) -> None:
        with suppress(OSError):  # The client may have disconnected.
            self.sock.shutdown(how)

    def end(self) -> None:
        """Send nothing more; linger only if the client has sent more than was read."""
        self._shut_down(socket.SHUT_WR)
        self.sock.setblocking(False)
        try:
            is_sending = bool(self.sock.recv(PIECE))
        except OSError:
            is_sending = False
        if is_sending:
            self.sock.setblocking(True)
            self.linger()

    def linger(self) -> None:
        """Send nothing more, but let the client read what was sent (RFC 9112, section 9.6).

        If the connection were closed with bytes unread, the client might lose the response.
        """
        self.enter(Phase.LINGER)
        self._shut_down(socket.SHUT_WR)
        with suppress(ClientGone):
            while self._recv() and not self.is_late(is_hurried=True):
                self.moved = time.monotonic()
                gevent.sleep(0)  # There may be more at once, so it wouldn't wait by itself.
