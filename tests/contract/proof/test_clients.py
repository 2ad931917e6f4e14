"""The exchanges of requests, httpx, httpx2, schemathesis and Django's test client are recorded."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import httpx2
import pytest
import requests
import schemathesis
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import path
from django.utils.datastructures import MultiValueDictKeyError
from werkzeug import Request, Response

from api.contract.proof.clients import record_clients
from api.contract.proof.exchanges import Exchange
from api.contract.proof.plugin import Contract
from api.contract.proof.recording import recorded
from tests.browser import listening
from tests.contract.small_document import DOCUMENT


@Request.application
def app(request: Request) -> Response:
    """Echo the body; /moved leads to /echo, and /events is an event stream."""
    if request.path == "/moved":
        return Response(status=303, headers={"Location": "/echo"})
    media_type = "text/event-stream" if request.path == "/events" else "text/plain"
    response = Response(request.get_data(), content_type=media_type)
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI app that echoes the body. An exception says that it has no lifespan."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": (await receive())["body"]})


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """The exchanges with any host, except for that with the path /other."""
    found: list[Exchange] = []
    record_clients(lambda url: [found.append] * ("/other" not in url), monkeypatch.setattr)
    return found


@pytest.fixture
def url(contract: Contract) -> Iterator[str]:
    """The URL of a server. Its exchanges aren't those of the service's document."""
    with contract.provoke(), listening(app) as port:
        yield f"http://127.0.0.1:{port}"


def assert_seen(exchanges: list[Exchange], *expected: str) -> None:
    assert [f"{e.method} {e.path} {e.status}" for e in exchanges] == [*expected]


def test_requests_are_recorded_with_each_redirect(url: str, exchanges: list[Exchange]) -> None:
    assert requests.post(f"{url}/moved?q=1", data="abc", timeout=60).status_code == 200
    assert_seen(exchanges[::-1], "POST /moved 303", "GET /echo 200")
    moved, echo = exchanges[::-1]
    assert (moved.query, moved.body, moved.received["Location"]) == ("q=1", b"abc", "/echo")
    assert (echo.body, echo.content) == (b"", b"")
    assert [cookie[:3] for cookie in echo.received.getlist("Set-Cookie")] == ["a=1", "b=2"]


def test_requests_with_a_stream_are_read_at_once_but_events_stay_a_stream(
    url: str, exchanges: list[Exchange]
) -> None:
    with requests.post(f"{url}/echo", data=b"abc", stream=True, timeout=60) as response:
        assert list(response.iter_content(2)) == [b"ab", b"c"]
    with requests.post(f"{url}/events", data=b"abc", stream=True, timeout=60) as response:
        assert response.raw.read(3) == b"abc"
    requests.get(f"{url}/other", timeout=60)
    assert_seen(exchanges, "POST /echo 200")
    assert exchanges[0].content == exchanges[0].body == b"abc"


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_httpx_is_recorded_with_each_redirect(
    library: Any, url: str, exchanges: list[Exchange]
) -> None:
    with library.Client(base_url=url, follow_redirects=True) as client:
        assert client.post("/moved?q=1", content=b"abc").status_code == 200
        client.get("/other")
        with client.stream("POST", "/echo", content=iter([b"abc"])) as response:
            assert list(response.iter_raw()) == [b"abc"]
        client.post("/%C3%A9", content=iter([b"abc"]), headers={"Content-Length": "3"})
    assert_seen(exchanges, "POST /moved 303", "GET /echo 200", "POST /\u00e9 200")
    moved, _, parts = exchanges
    assert (moved.query, moved.body, moved.received["Location"]) == ("q=1", b"abc", "/echo")
    assert [cookie[:3] for cookie in parts.received.getlist("Set-Cookie")] == ["a=1", "b=2"]
    assert parts.body is None and parts.content == b"abc"


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_httpx_is_recorded_in_coroutines(library: Any, exchanges: list[Exchange]) -> None:
    transport = library.ASGITransport(echo)

    async def ask() -> None:
        async with library.AsyncClient(transport=transport, base_url="http://notes") as client:
            await client.post("/echo", content=b"abc")
            async with client.stream("POST", "/stream", content=b"abc") as response:
                assert [part async for part in response.aiter_raw()] == [b"abc"]

    asyncio.run(ask())
    assert_seen(exchanges, "POST /echo 200")
    assert exchanges[0].body == exchanges[0].content == b"abc"


@pytest.mark.parametrize("kind", ["server", "wsgi", "asgi"])
def test_schemathesis_is_recorded(kind: str, url: str, exchanges: list[Exchange]) -> None:
    """For a WSGI app it uses Werkzeug's client, so that the app must be recorded itself."""
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    if kind == "server":
        schema.config.base_url = url
    elif kind == "wsgi":
        schema.app = recorded(app, exchanges.append)
    else:
        schema.app = echo
    schema["/notes/{id}"]["GET"].Case(path_parameters={"id": 1}).call()
    assert_seen(exchanges, "GET /notes/1 200")


def stream(request: Any) -> Any:
    return StreamingHttpResponse(iter([b"a", b"b"]), content_type="text/plain")


def echo_form(request: Any) -> Any:
    response = HttpResponse(request.POST["text"], status=201, headers={"Location": "/x"})
    response.set_cookie("a", "1")
    return response


async def stream_later(request: Any) -> Any:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"

    return StreamingHttpResponse(parts())


urlpatterns = [path("echo", echo_form), path("stream", stream), path("later", stream_later)]


@pytest.fixture(scope="module")
def django() -> None:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"], DEFAULT_CHARSET="utf-8")


@pytest.mark.usefixtures("django")
def test_djangos_test_client_is_recorded(exchanges: list[Exchange]) -> None:
    client = Client()
    response = client.post("/echo?q=1", {"text": "abc"})
    assert (response.status_code, response.content) == (201, b"abc")
    assert b"".join(client.get("/stream").streaming_content) == b"ab"
    with pytest.raises(MultiValueDictKeyError):
        client.post("/echo", {})
    assert_seen(exchanges, "POST /echo 201", "GET /stream 200", "POST /echo 500")
    echoed, streamed, _ = exchanges
    assert (echoed.query, echoed.content, echoed.received["Location"]) == ("q=1", b"abc", "/x")
    assert echoed.body and b"abc" in echoed.body and echoed.received["Set-Cookie"][:3] == "a=1"
    assert (streamed.content, streamed.sent["Host"]) == (b"ab", "testserver:80")


@pytest.mark.usefixtures("django")
def test_what_is_of_no_concern_in_django_is_passed_on(exchanges: list[Exchange]) -> None:
    assert Client().get("/other").status_code == 404
    assert Client().get("/later").status_code == 200
    assert exchanges == []
