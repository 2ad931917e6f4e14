"""One exchange: a request's bytes become WSGI's words, and what the app answers becomes bytes."""

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import (
    InvalidRequestLine,
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
)
from gunicorn.http.parser import RequestParser
from gunicorn_h1c import LimitRequestHeaders as HeadersTooLarge
from gunicorn_h1c import LimitRequestLine as LineTooLong

from api.json_lines import SINCE
from api.plain import PlainReader
from api.waiting import wait_until_it_takes

Application = Callable[[Any, Any], Iterable[bytes]]

LARGE, PIECE = 64 * 1024, 8 * 1024
"""Bytes of an answer that are gathered, at most, before they leave; and of a request that gunicorn
reads at once: it copies what it hasn't read at each chunk."""


class ClientGone(OSError):
    """There is nobody to take the answer."""


class _Gathered:
    """A socket that lets a short answer leave in one piece: one system call, one packet."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._held, self._has_begun = sock, bytearray(), False

    def sendall(self, data: bytes) -> None:
        if len(self._held) + len(data) <= LARGE:
            self._held += data
        else:
            self.flush()
            self._send(data)

    def flush(self) -> None:
        held, self._held = self._held, bytearray()
        self._send(held)

    def _send(self, data: bytes | bytearray) -> None:
        """Send all, as the client takes it."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._sock.send(left) :]
                self._has_begun = True
            except BlockingIOError:
                wait_until_it_takes(self._sock)
            except OSError as error:
                raise ClientGone(str(error)) from error

    def break_off(self) -> None:
        """What has left can't be taken back: nothing may follow that could be taken for its end."""
        if self._has_begun:
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_WR)


class Given(NamedTuple):
    """What came of a request, from whom, and since when it is whole, in monotonic seconds.

    The `parser` has read it, and found the `body`; or it is wrong, as that says in `fault`.
    """

    client: Any
    since: float
    received: bytes
    body: bytes
    parser: Any
    fault: Exception | None


def _of_a_head_without_end(fault: Exception | None) -> Exception:
    """The error to raise: what is too large, or wrong already, isn't waited for."""
    said: Any = str(fault or "it broke off")
    if isinstance(fault, LineTooLong):
        return LimitRequestLine(said)
    return (LimitRequestHeaders if isinstance(fault, HeadersTooLarge) else InvalidRequestLine)(said)


class Exchanges:
    """Lets `application` answer the requests to one listener, which is at `server`.

    gunicorn reads the requests and writes the answers, so that both are as strict as it is. Its
    stubs don't know all of what is used here.
    """

    def __init__(self, application: Application, server: Any, config: Config) -> None:
        self.application, self.server, self.config = application, server, config
        self._plain = PlainReader(server, config)

    def answer(self, given: Given, sock: socket.socket, *, last: bool) -> bytes | None:
        """Answer the request; what of the next one has come, or None if there won't be one.

        Raises what gunicorn does for bytes that are no request.
        """
        client, since, received, body, parser, fault = given
        out: Any = _Gathered(sock)
        plain: Any = parser.is_complete and self._plain.read(parser, received, body, client)
        if plain:
            plain[1][SINCE] = since
            self._run(plain[1], response := wsgi.Response(plain[0], out, self.config), last)
            return None if response.should_close() else b""
        pieces = (received[i : i + PIECE] for i in range(0, len(received), PIECE))
        whole: Any = RequestParser(self.config, pieces, client)
        try:
            request = next(whole)
        except (NoMoreData, StopIteration):
            if not received.strip():  # There may be an empty line behind a request.
                return None
            raise _of_a_head_without_end(fault) from None
        request._expected_100_continue = False  # It was told, or has sent the body unasked.
        response, environ = wsgi.create(request, out, client, self.server, self.config)
        environ["wsgi.multithread"], environ[SINCE] = True, since
        self._run(environ, response, last or not parser.is_complete)
        if response.should_close() or not whole.finish_body():
            return None
        return b"".join([whole.unreader.take_buffered(), *pieces])

    def _run(self, environ: Any, response: Any, last: bool) -> None:
        if last:
            response.force_close()
        answered: Any = self.application(environ, response.start_response)
        try:
            for part in answered:
                response.write(part)
            response.close()
            response.sock.flush()
        except Exception:
            response.sock.break_off()
            raise
        finally:
            if hasattr(answered, "close"):
                answered.close()
