"""Raw TCP clients, which send bytes that no HTTP library would, and parse the responses."""

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from tests.serving import Server

HOST = b"Host: localhost\r\n"
LIVEZ = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


class RawResponse(NamedTuple):
    """The parsed status, headers and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes


def post(
    body: bytes,
    headers: bytes = b"",
    version: bytes = b"1.1",
    *,
    path: bytes = b"/userDetails",
) -> bytes:
    """Return a request with a form. Without `headers`, it has the right Content-Length."""
    headers = headers or b"Content-Length: %d\r\n" % len(body)
    return b"POST %s HTTP/%s\r\n%s%s%s\r\n%s" % (path, version, HOST, FORM, headers, body)


SIGN_UP = post(b"username=ada&password=an+otter+counts+nine+moons", path=b"/userSignUp")


class Client:
    """A connection to the server.

    `receive_buffer` is the size in bytes of the socket's receive buffer.
    """

    def __init__(self, server: Server, receive_buffer: int = 0) -> None:
        self.sock = socket.socket()
        self.sock.settimeout(60)  # So that no test hangs.
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.sock.connect(("127.0.0.1", int(server.url.rpartition(":")[2])))
        except OSError:
            self.sock.close()
            raise
        self._received = b""

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, *pieces: bytes) -> "Client":
        for piece in pieces:
            self.sock.sendall(piece)
        return self

    def end_sending(self) -> "Client":
        """Close the sending side, and keep the receiving side open."""
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def has_data(self) -> bool:
        """Return whether unread data, or the end of the connection, has arrived."""
        poll = select.poll()  # `select` supports no descriptor over 1023.
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))

    def _receive_more(self) -> bytes:
        piece = self.sock.recv(65536)
        self._received += piece
        return piece

    def gets_response(self) -> bool:
        """Wait for data. Return whether any arrived before the connection ended."""
        return bool(self._received or self._receive_more())

    def receive(self, *, head: bool = False) -> RawResponse:
        """Return the next response. Use `head` for the response to a HEAD request."""
        while b"\r\n\r\n" not in self._received:
            assert self._receive_more(), f"no answer but {self._received!r}"
        first, _, self._received = self._received.partition(b"\r\n\r\n")
        line, *lines = first.decode("latin-1").split("\r\n")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
        length = 0 if head else int(headers.get("content-length", "0"))
        while len(self._received) < length and self._receive_more():
            pass
        body, self._received = self._received[:length], self._received[length:]
        return RawResponse(int(line.split()[1]), headers, body)

    def is_closed_cleanly(self) -> bool:
        """Wait for the end. Return whether the server closed the connection and sent no more."""
        return not self._received and not self._receive_more()


@contextmanager
def many_clients(
    server: Server, number: int, request: bytes, receive_buffer: int = 0
) -> Iterator[list[Client]]:
    """Open `number` clients that send these bytes and read nothing."""
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(server, receive_buffer)) for _ in range(number)]
        for client in clients:
            client.send(request)
        yield clients


def request_once(server: Server, *pieces: bytes) -> RawResponse:
    """Send these bytes on a new connection, and return the first response."""
    with Client(server) as client:
        return client.send(*pieces).receive()
