"""No request holds the event loop: while the most expensive ones are served, /livez is answered."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest
import requests

from api.schemas import LARGEST_FORM
from tests.actor import FORM
from tests.clients import HOST, LIVEZ, Client, post, request_once
from tests.operations import NO_RECORD, OPERATIONS, Operation
from tests.serving import Server, serving
from tests.starving import worker_of
from tests.test_fields import OTTER

pytestmark = pytest.mark.long

# As many and as long header fields as a request may have.
HEADERS = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 250) for n in range(80))
ACCEPT = b"Accept: " + b", ".join(b"a/b%d;q=0.5" % n for n in range(60)) + b", */*\r\n"
KEY = b'Idempotency-Key: "%s"\r\n' % (b"k" * 255)
BASIC = b"Authorization: Basic %s=\r\n" % (b"YTph" * 1000)


def _get(path: bytes, headers: bytes = HEADERS + ACCEPT, method: bytes = b"GET") -> bytes:
    return b"%s %s HTTP/1.1\r\n%s%s\r\n" % (method, path, HOST, headers)


def _longest(rule: dict[str, Any]) -> str:
    """Return a text of the field's greatest length. A password is too long, so it isn't hashed."""
    example, times = rule["examples"][0], 2 if rule.get("format") == "password" else 1
    character = OTTER if re.match(rule["pattern"], OTTER) else example[0]
    return str(character * (times * rule["maxLength"] - len(example)) + example)


def _request(operation: Operation, headers: bytes) -> bytes:
    """Return a request with these headers and, if the operation takes a form, the largest one."""
    path = operation.address(NO_RECORD).encode()
    if not operation.form:
        return _get(path, headers, operation.method.encode())
    form = urlencode({name: _longest(rule) for name, rule in operation.fields.items()}).encode()
    form += b"&a=b" * ((LARGEST_FORM - len(form)) // 4)
    sent = post(form, headers + b"Content-Length: %d\r\n" % len(form), path=path)
    return sent.replace(b"POST", operation.method.encode(), 1)


EXPENSIVE = {
    **{each.id: _request(each, ACCEPT + (KEY if each.form else HEADERS)) for each in OPERATIONS},
    **{
        f"{each.id}, with credentials": _request(each, ACCEPT + BASIC)
        for each in OPERATIONS
        if each.takes_credentials
    },
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
    link = requests.post(f"{server.url}/userDetails", FORM, timeout=60).headers["Location"]
    request_ = request_.replace(NO_RECORD.encode(), link.encode())
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
