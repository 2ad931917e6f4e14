"""A client's connection, with limits on the time and size of what gunicorn reads and writes."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Any

import gevent
from gunicorn.http import errors

from api import config

READ_SIZE = 8 * 1024
"""Maximum bytes per read."""
MAX_HEAD = 32 * 1024
"""Maximum bytes of a request's head."""
MAX_FRAMED_BODY = 128 * 1024
"""Maximum bytes of a request's body, including the framing of its chunks."""
MAX_BUFFERED = 64 * 1024
"""Maximum bytes of a response that are buffered before they are sent."""
_MAX_START = 8192
"""Bytes at the start of a request that are kept, because they contain its target."""


class ClientGone(Exception):
    """The client has disconnected."""


class Phase(Enum):
    """The phase of a connection. Each phase has its own time limit."""

    IDLE = auto()
    REQUEST = auto()
    APP = auto()
    RESPONSE = auto()
    LINGER = auto()


class Connection:
    """A client's connection, in place of the socket that gunicorn reads from and writes to.

    `began` is the monotonic time at which the phase began, and `progressed` the time at which the
    client last sent or read something. `held` is the number of bytes of an incomplete request, and
    `on_held` is called with each change of it.
    """

    def __init__(self, sock: socket.socket, address: Any, on_held: Callable[[int], None]) -> None:
        self.sock, self.address, self._on_held = sock, address, on_held
        self.held = 0
        self._buffer = bytearray()
        self._is_response_begun = self._is_timed_out = False
        self.begin_request(b"")

    def enter(self, phase: Phase) -> None:
        self.phase = phase
        self.began = self.progressed = time.monotonic()

    def begin_request(self, received: bytes) -> None:
        """Wait for a request, whose first bytes may be `received` already."""
        self.enter(Phase.REQUEST if received else Phase.IDLE)
        self._limit = MAX_HEAD
        self._start = received[:_MAX_START]
        self._count_held(len(received) - self.held)

    def begin_body(self) -> None:
        self._limit = self.held + MAX_FRAMED_BODY

    def end_request(self) -> None:
        self._count_held(-self.held)
        self.enter(Phase.APP)

    def _count_held(self, number: int) -> None:
        self.held += number
        self._on_held(number)

    @property
    def has_begun(self) -> bool:
        """Whether anything but empty lines of a request was received."""
        return bool(self._start.strip())

    @property
    def target(self) -> str:
        """The target of the request, or the part of it that was received."""
        words = self._start.split(b"\r\n", 1)[0].split(b" ")
        return words[1].decode("latin-1") if len(words) > 1 else ""

    def recv(self, _size: int) -> bytes:
        """Return more bytes of the request; none after its end, its deadline or its maximum size.

        Raises `ClientGone`, and gunicorn's `LimitRequestHeaders` for a head that is too large.
        """
        if self.held > self._limit:
            if self._limit == MAX_HEAD:
                raise errors.LimitRequestHeaders("the head is too large")
            return b""
        if self.is_late(is_stopping=False):
            return b""
        data = self._recv()
        if data:
            if self.phase is Phase.IDLE:
                self.enter(Phase.REQUEST)
            if len(self._start) < _MAX_START:
                self._start += data
            self._count_held(len(data))
        return data

    def _recv(self) -> bytes:
        try:
            return self.sock.recv(READ_SIZE)
        except OSError as error:
            if self._is_timed_out:  # With gevent, `shutdown` makes a waiting `recv` raise.
                return b""
            raise ClientGone(str(error)) from error

    def sendall(self, data: bytes) -> None:
        """Send the data, or buffer it until `flush`, so that a short response is one packet."""
        if len(self._buffer) + len(data) <= MAX_BUFFERED:
            self._buffer += data
        else:
            self.flush()
            self._send(data)

    def flush(self) -> None:
        buffered, self._buffer = self._buffer, bytearray()
        self._send(buffered)

    def _send(self, data: bytes | bytearray) -> None:
        """Send all data, as fast as the client reads. Raises `ClientGone`."""
        left = memoryview(data)
        try:
            while left:
                left = left[self.sock.send(left) :]
                self.progressed = time.monotonic()
                self._is_response_begun = True
        except OSError as error:
            raise ClientGone(str(error)) from error

    def begin_response(self) -> None:
        self._is_response_begun = False
        self.enter(Phase.RESPONSE)

    def abort_response(self) -> None:
        """Send nothing more of the response, so that the client sees that it is incomplete."""
        self._buffer.clear()
        if self._is_response_begun:
            self._shut_down(socket.SHUT_WR)

    def is_late(self, *, is_stopping: bool) -> bool:
        """Return whether the phase exceeds its limit, which is short for idle ones if stopping."""
        now = time.monotonic()
        lasted, since_progress = now - self.began, now - self.progressed
        match self.phase:
            case Phase.IDLE:
                return lasted > (config.LINGER_TIMEOUT if is_stopping else config.IDLE_TIMEOUT)
            case Phase.REQUEST:
                return lasted > config.REQUEST_TIMEOUT
            case Phase.APP:
                return lasted > config.RESPONSE_TIMEOUT
            case Phase.RESPONSE:
                return lasted > config.RESPONSE_TIMEOUT or since_progress > config.UNREAD_TIMEOUT
            case Phase.LINGER:
                return lasted > config.REQUEST_TIMEOUT or since_progress > config.LINGER_TIMEOUT

    def time_out(self) -> None:
        """Act as if the client had ended the connection, so that an incomplete request gets 400."""
        self._is_timed_out = True
        is_read = self.phase in (Phase.IDLE, Phase.REQUEST, Phase.LINGER)
        self._shut_down(socket.SHUT_RD if is_read else socket.SHUT_RDWR)

    def evict(self) -> None:
        """End the connection without a response, to free its resources for other connections."""
        self.held = 0
        self._shut_down(socket.SHUT_RDWR)

    def _shut_down(self, how: int) -> None:
        with suppress(OSError):  # The client may have disconnected.
            self.sock.shutdown(how)

    def end_responses(self) -> None:
        """Send nothing more. Linger only if the client has sent bytes that weren't read."""
        self._shut_down(socket.SHUT_WR)
        self.sock.setblocking(False)
        try:
            is_sending = bool(self.sock.recv(READ_SIZE))
        except OSError:
            is_sending = False
        if is_sending:
            self.sock.setblocking(True)
            self.linger()

    def linger(self) -> None:
        """Send nothing more, and read until the client closes (RFC 9112, section 9.6).

        Closing the connection with unread bytes could make the client lose the response.
        """
        self.enter(Phase.LINGER)
        self._shut_down(socket.SHUT_WR)
        with suppress(ClientGone):
            while self._recv() and not self.is_late(is_stopping=False):
                self.progressed = time.monotonic()
                # `recv` doesn't wait, and so doesn't switch greenlets, while there is data.
                gevent.sleep(0)
