"""Requests as nearly all are: what the C parser read of them is put into WSGI's words directly.

gunicorn's own reading of the same bytes takes a tenth of a request's time, and is for all the rest:
what is odd in any way isn't plain. A test holds the two to the same words.
"""

import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from gunicorn.config import Config
from gunicorn.http.wsgi import base_environ

HEAD = 4000
"""Bytes of a head that has nothing as long as the least of gunicorn's limits allows."""

_METHODS = {b"GET": "GET", b"HEAD": "HEAD", b"POST": "POST", b"DELETE": "DELETE"}
_TARGET = re.compile(rb"((?:/[A-Za-z0-9._~-]+)+|/)(?:\?([A-Za-z0-9._~&=%+-]*))?")
_NAMES = """
    accept accept-encoding accept-language authorization cache-control connection content-length
    content-type cookie host idempotency-key origin pragma priority referer sec-ch-ua
    sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user
    user-agent x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip x-request-id
""".split()
_KEYS = {name.encode(): "HTTP_" + name.upper().replace("-", "_") for name in _NAMES}
_KEYS |= {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


@dataclass(frozen=True)
class PlainRequest:
    """What gunicorn's `Response` asks of a request."""

    method: str
    closes: bool
    version: tuple[int, int] = (1, 1)

    def should_close(self) -> bool:
        return self.closes


class PlainReader:
    """Reads the plain requests to one listener."""

    def __init__(self, server: tuple[Any, ...], config: Config) -> None:
        self._always: dict[str, Any] = {
            **base_environ(config),
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "wsgi.multithread": True,
            "wsgi.url_scheme": "http",
        }

    def read(
        self, parser: Any, received: bytes, body: bytes, client: tuple[Any, ...]
    ) -> tuple[PlainRequest, dict[str, Any]] | None:
        """The request and its environ, if it is plain and nothing comes after it.

        The `parser` has been given what was `received`, to the end, and found the `body`.
        """
        if len(received) - len(body) > HEAD or parser.is_chunked or parser.remaining():
            return None
        method, target = _METHODS.get(parser.method), _TARGET.fullmatch(parser.path)
        # To the byte: where there are two spaces the C parser sees one.
        line = b"%b %b HTTP/1.1\r\n" % (parser.method, parser.path)
        if not method or not target or not received.startswith(line):
            return None
        environ = self._always.copy()
        for name, value in parser.headers:
            key = _KEYS.get(name.lower())
            if key is None or key in environ:
                return None
            environ[key] = value.decode("latin-1")
        connection = environ.get("HTTP_CONNECTION", "keep-alive").lower()
        if connection not in ("close", "keep-alive"):
            return None
        environ["REQUEST_METHOD"] = method
        environ["RAW_URI"] = parser.path.decode()
        environ["PATH_INFO"] = target[1].decode()
        if target[2]:
            environ["QUERY_STRING"] = target[2].decode()
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
        environ["wsgi.input"] = BytesIO(body)
        return PlainRequest(method, connection == "close"), environ
