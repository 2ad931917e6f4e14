"""Where exchanges are seen: under a WSGI app, and in `requests`; and how they are kept on disk."""

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
"""What is in the names of headers, fields, members and parameters that hold a secret."""
MASK = "***"


class _Heard:
    """A WSGI input that remembers what was read of it."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._bytes = stream, b""

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self._bytes += data
        return data

    def whole(self, environ: WSGIEnvironment) -> bytes | None:
        """All that was sent, also what nobody read; None unless it is as long as was said."""
        length = environ.get("CONTENT_LENGTH")
        ends = environ.get("wsgi.input_terminated")  # Else a read beyond the length waits for ever.
        try:
            self.read(-1 if ends else max(0, int(length or 0) - len(self._bytes)))
        except Exception:
            return None
        return self._bytes if length in (None, "", str(len(self._bytes))) else None


def recorded(app: WSGIApplication, keep: Keep) -> WSGIApplication:
    """The app, of which each exchange is kept, once it is over and before the client has it."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        heard = _Heard(environ["wsgi.input"])
        chunks, status, headers = run_wsgi_app(app, environ | {"wsgi.input": heard}, buffered=True)
        content = b"".join(chunks)
        keep(
            Exchange(
                method=environ["REQUEST_METHOD"],
                path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
                query=environ.get("QUERY_STRING", ""),
                sent=Headers(EnvironHeaders(environ)),
                body=heard.whole(environ),
                status=int(status.split()[0]),
                received=headers,
                content=content,
                recorded_by=_whoever_looks(),
            )
        )
        start_response(status, headers.to_wsgi_list())
        return [content]

    return serve


def record_requests(keep: Keep, patch: Callable[[type, str, Any], None]) -> None:
    """From now on keep what `requests` sends to servers of this machine."""
    send = requests.Session.send

    def recording(
        session: requests.Session, asked: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        answer = send(session, asked, **options)
        url = urlsplit(asked.url or "")
        if url.hostname in ("localhost", "127.0.0.1"):
            body = asked.body.encode() if isinstance(asked.body, str) else asked.body
            keep(
                Exchange(
                    method=asked.method or "",
                    path=unquote(url.path, errors="replace"),
                    query=url.query,
                    sent=Headers(list(asked.headers.items())),
                    body=b"" if body is None else body if isinstance(body, bytes) else None,
                    status=answer.status_code,
                    received=Headers(list(answer.raw.headers.items())),
                    content=answer.content,
                    recorded_by=_whoever_looks(),
                )
            )
        return answer

    patch(requests.Session, "send", recording)


def _whoever_looks() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]


def write(exchanges: Iterable[Exchange], file: Path) -> None:
    """Keep the exchanges on disk, one JSON object a line, with credentials and passwords masked."""
    with file.open("w", encoding="utf-8") as lines:
        for exchange in exchanges:
            lines.write(json.dumps(_masked(exchange)) + "\n")


def _masked(exchange: Exchange) -> dict[str, Any]:
    return {
        # A test's parameters may be secrets too.
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
    """The fields or members that were sent. Of what can't be read nobody knows what it holds."""
    if exchange.body == b"":
        return ""
    try:
        body = exchange.read()
    except Unreadable as why:
        return f"{MASK} ({len(exchange.body or b'')} bytes: {why})"
    if isinstance(body, Form):
        return [[name, _masked_value(name, text)] for name, text in body.fields]
    return _masked_value("", body.value) if isinstance(body.value, dict) else MASK


def _masked_value(name: str, value: Any) -> Any:
    """What goes by this name, or by one within it."""
    if _SECRET.search(name):
        return MASK
    if isinstance(value, dict):
        return {within: _masked_value(within, item) for within, item in value.items()}
    return [_masked_value(name, v) for v in value] if isinstance(value, list) else value


def _masked_pair(pair: str) -> str:
    """A parameter of a query as it was sent, its value masked."""
    name, equals, text = pair.partition("=")
    return f"{name}{equals}{_masked_value(unquote(name), text)}"
