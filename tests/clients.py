"""Clients that say what no client library would, byte by byte, and hear what comes of it."""

import select
import socket
from typing import NamedTuple

from tests.serving import Server

HOST = b"Host: localhost\r\n"
LIVEZ = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


class Answer(NamedTuple):
    """What was heard of one answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def post(body: bytes, headers: bytes = b"", version: bytes = b"1.1") -> bytes:
    """A request that gives details; without `headers` with the body's length."""
    headers = headers or b"Content-Length: %d\r\n" % len(body)
    return b"POST /userDetails HTTP/%s\r\n%s%s%s\r\n%s" % (version, HOST, FORM, headers, body)


class Client:
    """A connection to the server."""

    def __init__(self, server: Server, room: int = 0) -> None:
        self.sock = socket.socket()
        self.sock.settimeout(60)  # Only against a test that hangs.
        if room:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        try:
            self.sock.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
        except OSError:
            self.sock.close()
            raise
        self._heard = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def says(self, *pieces: bytes) -> "Client":
        for piece in pieces:
            self.sock.sendall(piece)
        return self

    def ends(self) -> "Client":
        """Say nothing more, but listen."""
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def is_told(self) -> bool:
        """Whether something has come that wasn't heard yet."""
        poll = select.poll()  # `select` takes no descriptor over 1023.
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))

    def _more(self) -> bytes:
        piece = self.sock.recv(65536)
        self._heard += piece
        return piece

    def is_answered(self) -> bool:
        """Whether an answer begins, before the connection ends."""
        return bool(self._heard or self._more())

    def hears(self, *, head: bool = False) -> Answer:
        """The next answer; to HEAD that is a `head` alone."""
        while b"\r\n\r\n" not in self._heard:
            assert self._more(), f"no answer but {self._heard!r}"
        first, _, self._heard = self._heard.partition(b"\r\n\r\n")
        line, *lines = first.decode("latin-1").split("\r\n")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
        length = 0 if head else int(headers.get("content-length", "0"))
        while len(self._heard) < length and self._more():
            pass
        body, self._heard = self._heard[:length], self._heard[length:]
        return Answer(int(line.split()[1]), headers, body)

    def hears_nothing_more(self) -> bool:
        """Whether the connection has ended, in order, without another byte."""
        return not self._heard and not self._more()


def one(server: Server, *pieces: bytes) -> Answer:
    """The first answer to these bytes."""
    with Client(server) as client:
        return client.says(*pieces).hears()
