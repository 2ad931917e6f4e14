"""Where exchanges are seen: under a WSGI app, and in `requests`; and how they are kept on disk."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import requests
from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.test import run_wsgi_app

from tests.proof.exchanges import Exchange, Form, Unreadable

Keep = Callable[[Exchange], None]

_SECRET_HEADERS, _SECRET_FIELDS = {"authorization", "cookie", "x-api-key"}, {"password"}
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
                seen_by=_whoever_looks(),
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
                    seen_by=_whoever_looks(),
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
        "seen by": exchange.seen_by.partition("[")[0],
        "request": {
            "method": exchange.method,
            "path": exchange.path,
            "query": exchange.query,
            "headers": [
                [name, MASK if name.lower() in _SECRET_HEADERS else value]
                for name, value in exchange.sent
            ],
            "body": _masked_body(exchange),
        },
        "response": {
            "status": exchange.status,
            "headers": list(exchange.received),
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
        return [[name, MASK if name in _SECRET_FIELDS else text] for name, text in body.fields]
    if isinstance(body.value, dict):
        return {k: MASK if k in _SECRET_FIELDS else v for k, v in body.value.items()}
    return body.value
