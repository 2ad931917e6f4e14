"""Recording of the exchanges of a WSGI or ASGI app, and writing exchanges to a file."""

import json
import os
from collections.abc import Callable, Iterable
from io import IOBase
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.datastructures import EnvironHeaders, Headers

from .exchanges import Exchange
from .masks import masked_body, masked_content, masked_header, masked_pair

Keep = Callable[[Exchange], None]
Concerns = Callable[[str], bool]


class RecordedRequest(IOBase):
    """A WSGI request as it was before the app changed it. It replaces its input, to keep the body.

    The methods that read lines come from the base class.
    """

    def __init__(self, environ: WSGIEnvironment) -> None:
        path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
        self.path: str = path.encode("latin-1").decode("utf-8", "replace")
        self._start = environ["REQUEST_METHOD"], self.path, environ.get("QUERY_STRING", "")
        self._headers = Headers(EnvironHeaders(environ))
        self._stream, self._bytes = environ["wsgi.input"], bytearray()
        # Without this a read beyond the Content-Length would block.
        self._ends = environ.get("wsgi.input_terminated")
        self._length = environ.get("CONTENT_LENGTH")

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        data: bytes = self._stream.read(-1 if size is None else size)
        self._bytes += data
        return data

    def _whole(self) -> bytes | None:
        """Return the whole body, or None if its length isn't the Content-Length."""
        try:
            self.read(-1 if self._ends else max(0, int(self._length or 0) - len(self._bytes)))
        except Exception:
            return None
        whole = self._length in (None, "", str(len(self._bytes)))
        return bytes(self._bytes) if whole else None

    def answered(self, status: int, headers: Headers, content: bytes) -> Exchange:
        """Return the exchange of the request with this response."""
        request = *self._start, self._headers, self._whole()
        return Exchange(*request, status, headers, content, current_test())


def recorded(app: WSGIApplication, keep: Keep, concerns: Concerns = bool) -> WSGIApplication:
    """Return the app with `keep` called for each exchange, before the client gets the response.

    A response is buffered, so that it is recorded even if the client doesn't read it. Requests to
    paths that aren't of concern are passed on unchanged.
    """

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = RecordedRequest(environ)
        if not concerns(request.path):
            return app(environ, start_response)
        started: list[Any] = []
        chunks: list[bytes] = []

        def start(*response: Any) -> Callable[[bytes], object]:
            if started and not response[2:]:
                raise AssertionError("start_response was called twice without exc_info.")
            started[:] = response
            return chunks.append

        environ["wsgi.input"] = request
        result = app(environ, start)
        try:
            chunks.extend(result)
        finally:
            if hasattr(result, "close"):
                result.close()
        if started:
            status, headers, *_ = started
            keep(request.answered(int(status.split()[0]), Headers(headers), b"".join(chunks)))
            start_response(*started)
        return chunks

    return serve


def recorded_asgi(app: Any, keep: Keep, concerns: Concerns = bool) -> Any:
    """Return the ASGI app with `keep` called for each exchange, before the end of the response."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not concerns(scope["path"]):
            await app(scope, receive, send)
            return
        start, body, content = {}, [], []
        unread = True

        async def receiving() -> Any:
            nonlocal unread
            message = await receive()
            if message["type"] == "http.request":
                body.append(message.get("body", b""))
                unread = message.get("more_body", False)
            return message

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            elif message["type"] == "http.response.body":
                content.append(message.get("body", b""))
                if not message.get("more_body"):
                    while unread and (await receiving())["type"] == "http.request":
                        pass
                    keep(exchange())
            await send(message)

        def exchange() -> Exchange:
            sent = None if unread else b"".join(body)
            query = scope["query_string"].decode("latin-1")
            request = scope["method"], scope["path"], query, _headers(scope["headers"]), sent
            received = _headers(start.get("headers", []))
            return Exchange(*request, start["status"], received, b"".join(content), current_test())

        await app(scope, receiving, sending)

    return serve


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    return Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs])


def current_test() -> str:
    """Return the id of the test that runs, "" outside of tests."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]


def write(exchanges: Iterable[Exchange], file: Path) -> None:
    """Write the exchanges to the file, one JSON object per line, with secrets masked."""
    with file.open("w", encoding="utf-8") as lines:
        for exchange in exchanges:
            lines.write(json.dumps(_masked(exchange)) + "\n")


def _masked(exchange: Exchange) -> dict[str, Any]:
    return {
        # The parameters of a test may be secrets.
        "recorded by": exchange.recorded_by.partition("[")[0],
        "request": {
            "method": exchange.method,
            "path": exchange.path,
            "query": "&".join(map(masked_pair, exchange.query.split("&"))),
            "headers": [[name, masked_header(name, value)] for name, value in exchange.sent],
            "body": masked_body(exchange),
        },
        "response": {
            "status": exchange.status,
            "headers": [[name, masked_header(name, value)] for name, value in exchange.received],
            "body": masked_content(exchange),
        },
    }
