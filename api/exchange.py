"""One exchange: a request's bytes become WSGI's words, and what the app answers becomes bytes."""

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData
from gunicorn.http.parser import RequestParser

from api.plain import PlainReader
from api.waiting import call

Application = Callable[[Any, Any], Iterable[bytes]]

LARGE = 64 * 1024
"""Bytes of an answer that are gathered, at most, before they leave."""


class _Gathered:
    """A socket that lets a short answer leave in one piece: one system call, one packet."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._held = sock, bytearray()

    def sendall(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > LARGE:
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


class Given(NamedTuple):
    """What came of a request, and from whom; the `parser` has read it, and found the `body`."""

    client: Any
    received: bytes
    body: bytes
    parser: Any


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
        client, parser = given.client, given.parser
        out: Any = _Gathered(sock)
        plain: Any = parser.is_complete and self._plain.read(parser, given.body, client)
        if plain:
            self._run(plain[1], response := wsgi.Response(plain[0], out, self.config), last)
            return None if response.should_close() else b""
        whole: Any = RequestParser(self.config, iter([given.received]), client)
        try:
            request = next(whole)
        except (NoMoreData, StopIteration):
            return None
        request._expected_100_continue = False  # It was told, or has sent the body unasked.
        response, environ = wsgi.create(request, out, client, self.server, self.config)
        environ["wsgi.multithread"] = True
        self._run(environ, response, last or not parser.is_complete)
        if response.should_close() or not whole.finish_body():
            return None
        rest: bytes = whole.unreader.take_buffered()
        return rest

    def _run(self, environ: Any, response: Any, last: bool) -> None:
        if last:
            response.force_close()
        answered: Any = self.application(environ, response.start_response)
        try:
            if isinstance(answered, environ["wsgi.file_wrapper"]):
                response.write_file(answered)
            else:
                for part in answered:
                    response.write(part)
            response.close()
            response.sock.flush()
        finally:
            if hasattr(answered, "close"):
                answered.close()
