"""A recorder changes nothing of what an app does or a client sees, for WSGI and ASGI apps."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.validate import validator

import httpx
import pytest
from werkzeug.test import Client, create_environ, run_wsgi_app

from api.contract.proof.exchanges import Exchange
from api.contract.proof.recording import recorded, recorded_asgi

TEXT = [("Content-Type", "text/plain")]


class Parts:
    """The content of a response in parts, which notes whether it was closed."""

    def __init__(self, *parts: bytes | Exception) -> None:
        self._parts, self.closed = parts, 0

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, Exception):
                raise part
            yield part

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


def answering(content: Iterable[bytes], status: str = "200 OK") -> Any:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response(status, TEXT)
        return content

    return app


def test_the_parts_of_a_response_stay_parts_and_are_closed(exchanges: list[Exchange]) -> None:
    parts = Parts(b"a", b"", b"b")
    app = recorded(answering(parts), exchanges.append)
    content, status, _ = run_wsgi_app(app, create_environ("/", query_string="q=1"))
    assert (list(content), status, parts.closed) == ([b"a", b"", b"b"], "200 OK", 1)
    (exchange,) = exchanges
    assert (exchange.content, exchange.status, exchange.query) == (b"ab", 200, "q=1")


def test_a_response_that_nobody_reads_is_recorded(exchanges: list[Exchange]) -> None:
    Client(recorded(answering(Parts(b"a")), exchanges.append)).get("/")
    assert [exchange.content for exchange in exchanges] == [b"a"]


def test_an_exception_of_the_app_is_raised_and_the_response_closed(
    exchanges: list[Exchange],
) -> None:
    parts = Parts(b"a", ZeroDivisionError("in the middle"))
    with pytest.raises(ZeroDivisionError, match="in the middle"):
        Client(recorded(answering(parts), exchanges.append)).get("/")
    assert parts.closed == 1 and exchanges == []


def test_what_the_app_writes_comes_first(exchanges: list[Exchange]) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)(b"written ")
        return [b"returned"]

    assert Client(recorded(app, exchanges.append)).get("/").data == b"written returned"
    assert exchanges[0].content == b"written returned"


def test_an_error_may_replace_the_response_with_exc_info(exchanges: list[Exchange]) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        if environ["PATH_INFO"] == "/again":
            start_response("200 OK", TEXT)
        start_response("500 ERROR", TEXT, (ValueError, ValueError("x"), None))
        return [b"failed"]

    started: list[Any] = []
    served = recorded(app, exchanges.append)
    served(create_environ("/"), lambda *response: started.append(response))  # type: ignore[arg-type]
    assert [exchange.status for exchange in exchanges] == [500]
    assert started[0][0] == "500 ERROR" and started[0][2][0] is ValueError
    with pytest.raises(AssertionError, match="called twice"):
        Client(served).get("/again")


@pytest.mark.parametrize("way", ["read", "readline", "readlines", "iter", "nothing"])
def test_a_body_is_recorded_however_the_app_reads_it(way: str, exchanges: list[Exchange]) -> None:
    body = b"a\nbc\nd"

    def app(environ: Any, start_response: Any) -> list[bytes]:
        stream = environ["wsgi.input"]
        start_response("200 OK", TEXT)
        read: dict[str, Any] = {
            "read": lambda: [stream.read(2), stream.read()],
            "readline": lambda: [stream.readline(), stream.readline(2)],
            "readlines": stream.readlines,
            "iter": lambda: list(stream),
            "nothing": list,
        }
        return [b"|".join(read[way]())]

    read = Client(recorded(app, exchanges.append)).post("/", data=body).data
    parts = {"read": b"a\n|bc\nd", "readline": b"a\n|bc", "nothing": b""}
    assert read == parts.get(way, b"a\n|bc\n|d")
    assert exchanges[0].body == body


def test_a_request_is_recorded_as_it_was_before_the_app_changed_it(
    exchanges: list[Exchange],
) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        environ |= {"PATH_INFO": "/x", "REQUEST_METHOD": "PUT", "HTTP_A": "2"}
        start_response("200 OK", TEXT)
        return []

    environ = create_environ("/b", "http://localhost/a", headers={"A": "1"})
    run_wsgi_app(recorded(app, exchanges.append), environ)
    (exchange,) = exchanges
    assert (exchange.method, exchange.path, exchange.sent["A"]) == ("GET", "/a/b", "1")
    assert environ["PATH_INFO"] == "/a/b" or environ["HTTP_A"] == "1"


def test_a_path_that_is_of_no_concern_is_passed_on(exchanges: list[Exchange]) -> None:
    parts = Parts(b"a")
    app = recorded(answering(parts), exchanges.append, lambda path: path != "/stream")
    result = app(create_environ("/stream"), lambda *_: len)
    assert result is parts and exchanges == []


def test_a_recorded_app_keeps_to_wsgi(exchanges: list[Exchange]) -> None:
    app = validator(recorded(validator(answering([b"a"])), exchanges.append))
    environ = create_environ("/", method="POST", data=b"abc")
    content, *_ = run_wsgi_app(app, environ, buffered=True)
    assert list(content) == [b"a"] and exchanges[0].body == b"abc"


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI app that reads the body only if the path is /read."""
    if scope["type"] != "http":
        await send({"type": f"{scope['type']}.done"})
        return
    read = b""
    while scope["path"] == "/read":
        message = await receive()
        read += message["body"]
        if not message["more_body"]:
            break
    headers = [(b"content-type", b"text/plain"), (b"set-cookie", b"a"), (b"set-cookie", b"b")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    await send({"type": "http.response.body", "body": read, "more_body": True})
    await send({"type": "http.response.body", "body": b"!"})


@pytest.mark.parametrize("path", ["/read", "/ignore"])
def test_an_asgi_exchange_is_recorded(path: str, exchanges: list[Exchange]) -> None:
    transport = httpx.ASGITransport(recorded_asgi(_asgi, exchanges.append))

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://notes") as client:
            return await client.post(f"{path}?q=1", content=b"abc", headers={"A": "1"})

    response = asyncio.run(ask())
    (exchange,) = exchanges
    assert response.content == exchange.content == (b"abc!" if path == "/read" else b"!")
    assert (exchange.method, exchange.path, exchange.query) == ("POST", path, "q=1")
    assert (exchange.body, exchange.status, exchange.sent["A"]) == (b"abc", 201, "1")
    assert exchange.received.getlist("Set-Cookie") == ["a", "b"]


def test_an_asgi_body_that_does_not_come_whole_is_none(exchanges: list[Exchange]) -> None:
    messages = [{"type": "http.request", "body": b"a", "more_body": True}]

    async def receive() -> Any:
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None: ...

    scope = {"type": "http", "path": "/x", "method": "POST", "query_string": b"", "headers": []}
    asyncio.run(recorded_asgi(_asgi, exchanges.append)(scope, receive, send))
    assert exchanges[0].body is None


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
def test_lifespan_and_websockets_are_passed_on(kind: str, exchanges: list[Exchange]) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(recorded_asgi(_asgi, exchanges.append)({"type": kind}, None, send))
    assert sent == [{"type": f"{kind}.done"}] and exchanges == []
