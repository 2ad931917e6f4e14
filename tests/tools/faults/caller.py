"""A client with a connection of its own, which checks each response against the document."""

import base64
import socket
import struct
import time
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlencode, urlsplit

import yaml
from werkzeug.datastructures import Headers

from api.contract.proof.document import Document
from api.contract.proof.exchanges import Exchange
from api.contract.proof.rules import contradictions
from tests.serving import REPOSITORY

FORM_TYPE = "application/x-www-form-urlencoded"
LONGEST_IDLE = 1.0
"""Seconds after which an idle connection isn't reused, because the service may be closing it."""


class Lost(Exception):
    """No complete response arrived, so whether the request took effect is unknown."""


@dataclass(frozen=True)
class Request:
    """A request, with optional credentials."""

    method: str
    path: str
    form: dict[str, str] | None = None
    auth: tuple[str, str] | None = None
    content_type: str = FORM_TYPE
    accept: str = "application/json"

    @property
    def body(self) -> bytes | None:
        return None if self.form is None else urlencode(self.form).encode()

    @property
    def headers(self) -> dict[str, str]:
        sent = {"Accept": self.accept}
        if self.form is not None:
            sent["Content-Type"] = self.content_type
        if self.auth:
            secret = base64.b64encode(":".join(self.auth).encode()).decode("ascii")
            sent["Authorization"] = f"Basic {secret}"
        return sent


@dataclass(frozen=True)
class Response:
    """A complete response, and its violations of the document."""

    status: int
    headers: Headers
    body: bytes
    seconds: float
    breaches: tuple[str, ...]

    @property
    def is_true_503(self) -> bool:
        """Whether this is a 503 with `Retry-After`."""
        return self.status == 503 and self.headers.get("Retry-After", "").isdigit()


@cache
def _document() -> Document:
    return Document(yaml.safe_load((REPOSITORY / "openapi.yaml").read_text(encoding="utf-8")))


def _breaches(asked: Request, answer: HTTPResponse, content: bytes) -> tuple[str, ...]:
    exchange = Exchange(
        method=asked.method,
        path=asked.path,
        query="",
        sent=Headers(list(asked.headers.items())),
        body=asked.body or b"",
        status=answer.status,
        received=Headers(answer.getheaders()),
        content=content,
    )
    return tuple(map(str, contradictions(_document(), exchange)))


class Caller:
    """A client with one connection, which is reused as long as possible."""

    def __init__(self, url: str, timeout: float = 30) -> None:
        address = urlsplit(url)
        # By IP address, because the name may stand for several addresses.
        self.host, self.port = "127.0.0.1", address.port or 80
        self.timeout, self._used = timeout, 0.0
        self._connection: HTTPConnection | None = None

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def asks(self, asked: Request) -> Response:
        """Send the request, and return the response. Raises `Lost`."""
        began = time.monotonic()
        if began - self._used > LONGEST_IDLE:
            self.close()
        try:
            if self._connection is None:
                self._connection = HTTPConnection(self.host, self.port, timeout=self.timeout)
            self._connection.request(asked.method, asked.path, asked.body, asked.headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            self.close()
            raise Lost(f"{asked.method} {asked.path}: {error!r}") from error
        self._used = time.monotonic()
        if answer.will_close:
            self.close()
        breaches = _breaches(asked, answer, content)
        headers = Headers(answer.getheaders())
        return Response(answer.status, headers, content, self._used - began, breaches)

    def break_off(self, asked: Request, *, after: float, reset: bool) -> None:
        """Send this share of the request, and close or reset the connection."""
        head = "".join(f"{name}: {value}\r\n" for name, value in asked.headers.items())
        body = asked.body or b""
        first = f"{asked.method} {asked.path} HTTP/1.1\r\nHost: localhost\r\n{head}"
        whole = f"{first}Content-Length: {len(body)}\r\n\r\n".encode() + body
        with socket.create_connection((self.host, self.port), timeout=self.timeout) as sock:
            if reset:
                linger = struct.pack("ii", 1, 0)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            sock.sendall(whole[: int(len(whole) * after)])
