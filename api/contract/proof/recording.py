"""Recording of exchanges, from a WSGI app and from `requests`, and writing them to a file."""

import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import requests
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.test import run_wsgi_app

from .exchanges import Exchange, Form, Unreadable

Keep = Callable[[Exchange], None]

_SECRET = re.compile(r"authorization|cookie|password|secret|token|key\b", re.IGNORECASE)
"""Matches the names of headers, fields, members and parameters that hold a secret."""
MASK = "***"


class _RecordedInput:
    """A WSGI input that keeps what was read."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._bytes = stream, b""

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self._bytes += data
        return data

    def whole(self, environ: WSGIEnvironment) -> bytes | None:
        """Return the whole body, or None if its length isn't the Content-Length."""
        length = environ.get("CONTENT_LENGTH")
        ends = environ.get("wsgi.input_terminated")  # Otherwise a read beyond the length blocks.
        try:
            self.read(-1 if ends else max(0, int(length or 0) - len(self._bytes)))
        except Exception:
            return None
        return self._bytes if length in (None, "", str(len(self._bytes))) else None


def recorded(app: WSGIApplication, keep: Keep) -> WSGIApplication:
    """Return the app with `keep` called for each exchange, before the client gets the response."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = _RecordedInput(environ["wsgi.input"])
        chunks, status, headers = run_wsgi_app(app, environ | {"wsgi.input": body}, buffered=True)
        content = b"".join(chunks)
        keep(
            Exchange(
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
                query=environ.get("QUERY_STRING", ""),
                sent=Headers(EnvironHeaders(environ)),
                body=body.whole(environ),
                status=int(status.split()[0]),
                received=headers,
                content=content,
                recorded_by=_current_test(),
            )
        )
        start_response(status, headers.to_wsgi_list())
        return [content]

    return serve


def record_requests(keep: Keep, patch: Callable[[type, str, Any], None]) -> None:
    """Call `keep` for each later exchange of `requests` with a server on this machine."""
    send = requests.Session.send

    def recording(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        response = send(session, request, **options)
        url = urlsplit(request.url or "")
        if url.hostname in ("localhost", "127.0.0.1"):
            body = request.body.encode() if isinstance(request.body, str) else request.body
            keep(
                Exchange(
                    method=request.method or "",
                    path=unquote(url.path, errors="replace"),
                    query=url.query,
                    sent=Headers(list(request.headers.items())),
                    body=b"" if body is None else body if isinstance(body, bytes) else None,
                    status=response.status_code,
                    received=Headers(list(response.raw.headers.items())),
                    content=response.content,
                    recorded_by=_current_test(),
                )
            )
        return response

    patch(requests.Session, "send", recording)


def _current_test() -> str:
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
            "query": "&".join(map(_masked_pair, exchange.query.split("&"))),
            "headers": [[name, _masked_value(name, value)] for name, value in exchange.sent],
            "body": _masked_body(exchange),
        },
        "response": {
            "status": exchange.status,
            "headers": [[name, _masked_value(name, value)] for name, value in exchange.received],
            "body": exchange.content.decode("latin-1"),
        },
    }


def _masked_body(exchange: Exchange) -> Any:
    """Return the masked fields or members. A body that can't be decoded is masked as a whole."""
    if exchange.body == b"":
        return ""
    try:
        body = exchange.read()
    except Unreadable as error:
        return f"{MASK} ({len(exchange.body or b'')} bytes: {error})"
    if isinstance(body, Form):
        return [[name, _masked_value(name, text)] for name, text in body.fields]
    return _masked_value("", body.value) if isinstance(body.value, dict) else MASK


def _masked_value(name: str, value: Any) -> Any:
    """Return the value, masked if its name or a name within it is that of a secret."""
    if _SECRET.search(name):
        return MASK
    if isinstance(value, dict):
        return {within: _masked_value(within, item) for within, item in value.items()}
    return [_masked_value(name, v) for v in value] if isinstance(value, list) else value


def _masked_pair(pair: str) -> str:
    """Return a parameter of a query with its value masked, if it is a secret."""
    name, equals, text = pair.partition("=")
    return f"{name}{equals}{_masked_value(unquote(name), text)}"
