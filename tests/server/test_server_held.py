"""No request holds the event loop: while the most expensive ones are served, /livez is answered."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from api.schemas import LARGEST_FORM
from tests.clients import HOST, LIVEZ, Client, post, request_once
from tests.serving import Server, serving
from tests.starving import worker_of

# As many and as long header fields as a request may have.
HEADERS = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 250) for n in range(80))
ACCEPT = b"Accept: " + b", ".join(b"a/b%d;q=0.5" % n for n in range(60)) + b", */*\r\n"
KEY = b'Idempotency-Key: "%s"\r\n' % (b"k" * 255)
BASIC = b"Authorization: Basic %s=\r\n" % (b"YTph" * 1000)


def _form(start: bytes) -> bytes:
    return start + b"&" + b"a=b&" * ((LARGEST_FORM - len(start) - 1) // 4)


def _get(path: bytes, headers: bytes = HEADERS + ACCEPT, method: bytes = b"GET") -> bytes:
    return b"%s %s HTTP/1.1\r\n%s%s\r\n" % (method, path, HOST, headers)


def _post(path: bytes, form: bytes, headers: bytes = ACCEPT + KEY) -> bytes:
    length = b"Content-Length: %d\r\n" % len(form)
    return post(form, headers + length, path=path)


ID = b"/userDetails/00000000-0000-4000-8000-000000000000"
LASTNAME = b"username=ada&lastname=" + b"%F0%9F%A6%A6" * 150
EXPENSIVE = {
    "createUserDetails": _post(b"/userDetails", _form(LASTNAME)),
    "createUserDetails, with credentials": _post(b"/userDetails", _form(LASTNAME), BASIC),
    "signUp": _post(b"/userSignUp", _form(b"username=ada&password=" + b"an+otter+counts+" * 60)),
    "getMyUserDetails": _get(b"/userDetails", ACCEPT + BASIC),
    "getUserDetails": _get(ID),
    "deleteUserDetails": _get(ID, method=b"DELETE"),
    "the document": _get(b"/openapi.yaml"),
    "the largest response": _get(b"/docs/swagger-ui-bundle.js"),
}
TIMES = 60
"""The number of requests of each kind, which one client sends at once."""
MOST = 25
"""The maximum cost of one of them, in requests for /livez."""


def _cost(worker: psutil.Process) -> float:
    """Return the CPU seconds of the event loop, which runs in the main thread."""
    (loop,) = [thread for thread in worker.threads() if thread.id == worker.pid]
    return loop.user_time + loop.system_time


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"WEB_CONCURRENCY": "1", "RATELIMIT_ENABLED": "false", "LOG_LEVEL": "warning"}
    with serving(tmp_path_factory.mktemp("server"), settings) as server:
        yield server


@pytest.mark.parametrize("request_", EXPENSIVE.values(), ids=EXPENSIVE)
def test_no_request_holds_up_another(server: Server, request_: bytes) -> None:
    """A request takes as much event-loop time as a few for /livez, which are served meanwhile."""
    last = request_.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
    with Client(server) as polite, Client(server) as client, ThreadPoolExecutor(2) as pool:
        # Lazy initialization is done by this request.
        assert request_once(server, last).status < 500
        worker = worker_of(server)
        before = _cost(worker)
        for _ in range(300):
            assert polite.send(LIVEZ).receive().status == 200
        livez = (_cost(worker) - before) / 300
        before, answered = _cost(worker), 0
        sent = pool.submit(client.send, request_ * (TIMES - 1) + last)
        statuses = pool.submit(lambda: [client.receive().status for _ in range(TIMES)])
        while not statuses.done():
            assert polite.send(LIVEZ).receive().status == 200
            answered += 1
        assert sent.result().gets_response() is False and len(set(statuses.result())) == 1
        assert (_cost(worker) - before - answered * livez) / TIMES < MOST * livez
