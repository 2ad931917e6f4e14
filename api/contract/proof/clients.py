"""Recording of the exchanges of requests, httpx, httpx2 and Django's test client."""

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote, urlsplit

from werkzeug.datastructures import Headers

from .exchanges import Exchange
from .recording import Keep, RecordedRequest, current_test

Choose = Callable[[str], list[Keep]]
"""Returns a recorder for each document that an exchange with this URL concerns."""
Patch = Callable[[type, str, Any], None]
Pairs = Iterable[tuple[str, str]]


def record_clients(choose: Choose, patch: Patch) -> None:
    """Record the later exchanges of each of the clients that is installed."""
    clients = {"requests": _requests, "httpx": _httpx, "django.test.client": _django}
    for module, record in [*clients.items(), ("httpx2", _httpx)]:
        if find_spec(module.partition(".")[0]):
            record(import_module(module), choose, patch)


def _exchange(request: Any, sent: Pairs, body: Any, received: Pairs, response: Any) -> Exchange:
    """Return an exchange. The body of a request that is sent in parts is unknown."""
    url = urlsplit(str(request.url))
    path = unquote(url.path or "/", errors="replace")
    body = body.encode() if isinstance(body, str) else b"" if body is None else body
    body = body if isinstance(body, bytes) else None
    answer = response.status_code, Headers(list(received)), response.content
    start = request.method, path, url.query
    return Exchange(*start, Headers(list(sent)), body, *answer, current_test())


def _requests(requests: Any, choose: Choose, patch: Patch) -> None:
    """Record all but event streams. `stream=True` reads the content at once."""
    send = requests.Session.send

    def recording(session: Any, request: Any, **options: Any) -> Any:
        response = send(session, request, **options)
        first = next(iter(response.history), response)  # `send` calls itself for each redirect.
        is_stream = first.headers.get("Content-Type", "").startswith("text/event-stream")
        for keep in [] if is_stream else choose(request.url):
            received = getattr(first.raw, "headers", first.headers).items()
            keep(_exchange(request, request.headers.items(), request.body, received, first))
        return response

    patch(requests.Session, "send", recording)


def _httpx(httpx: Any, choose: Choose, patch: Patch) -> None:
    """Record all but streams."""
    send, send_async = httpx.Client.send, httpx.AsyncClient.send

    def record(last: Any) -> Any:
        for response in [*last.history, last] if last.is_closed else []:
            request = response.request
            for keep in choose(str(request.url)):
                try:
                    body = request.content
                except httpx.RequestNotRead:
                    body = request.stream
                received = response.headers.multi_items()
                keep(_exchange(request, request.headers.multi_items(), body, received, response))
        return last

    def recording(client: Any, request: Any, **options: Any) -> Any:
        return record(send(client, request, **options))

    async def recording_async(client: Any, request: Any, **options: Any) -> Any:
        return record(await send_async(client, request, **options))

    patch(httpx.Client, "send", recording)
    patch(httpx.AsyncClient, "send", recording_async)


def _django(client: Any, choose: Choose, patch: Patch) -> None:
    """Record all but asynchronous streams."""
    call = client.ClientHandler.__call__

    def recording(handler: Any, environ: Any) -> Any:
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        request = RecordedRequest({"HTTP_HOST": host, **environ})  # The client sends no Host.
        keeps = choose(f"http://{host}{request.path}")
        if keeps:
            environ["wsgi.input"] = request
        response = call(handler, environ)
        if not keeps or getattr(response, "is_async", False):
            return response
        chunks = list(response.streaming_content) if response.streaming else [response.content]
        if response.streaming:
            response.streaming_content = chunks
        cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
        headers = Headers([*response.items(), *cookies])
        for keep in keeps:
            keep(request.answered(response.status_code, headers, b"".join(chunks)))
        return response

    patch(client.ClientHandler, "__call__", recording)
