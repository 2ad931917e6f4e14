"""No request holds the event loop: while the most expensive ones are served, /livez is answered."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from api.schemas import LARGEST_FORM
from tests.clients import HOST, LIVEZ, Client, post
from tests.server import serving

# As many and as long fields as a head may have.
HEADERS = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 300) for n in range(90))
ACCEPT = b"Accept: " + b", ".join(b"a/b%d;q=0.5" % n for n in range(500)) + b", */*\r\n"
KEY = b'Idempotency-Key: "%s"\r\n' % (b"k" * 255)
BASIC = b"Authorization: Basic %s=\r\n" % (b"YTph" * 1000)


def _form(start: bytes) -> bytes:
    return start + b"&" + b"a=b&" * ((LARGEST_FORM - len(start) - 1) // 4)


def _get(path: bytes, headers: bytes = HEADERS + ACCEPT, method: bytes = b"GET") -> bytes:
    return b"%s %s HTTP/1.1\r\n%s%s\r\n" % (method, path, HOST, headers)


def _post(path: bytes, form: bytes, headers: bytes = ACCEPT + KEY) -> bytes:
    length = b"Content-Length: %d\r\n" % len(form)
    return post(form, headers + length).replace(b"/userDetails", path, 1)


ID = b"/userDetails/00000000-0000-4000-8000-000000000000"
LASTNAME = b"username=ada&lastname=" + b"%F0%9F%A6%A6" * 150
EXPENSIVE = {
    "createUserDetails": _post(b"/userDetails", _form(LASTNAME)),
    "createUserDetails, too large": _post(b"/userDetails", _form(LASTNAME) * 4),
    "createUserDetails, with credentials": _post(b"/userDetails", _form(LASTNAME), BASIC),
    "signUp": _post(b"/userSignUp", _form(b"username=ada&password=" + b"an+otter+counts+" * 60)),
    "getMyUserDetails": _get(b"/userDetails", ACCEPT + BASIC + HEADERS[:16_000]),
    "getUserDetails": _get(ID),
    "deleteUserDetails": _get(ID, method=b"DELETE"),
    "the document": _get(b"/openapi.yaml"),
    "the largest response": _get(b"/docs/swagger-ui-bundle.js"),
}
TIMES, BETWEEN = 20, 5
"""Requests of each kind that are sent at once, and how many of them may be served before /livez."""


@pytest.mark.parametrize("request_", EXPENSIVE.values(), ids=EXPENSIVE)
def test_no_request_holds_up_another(tmp_path: Path, request_: bytes) -> None:
    """Counted: how many of those that were sent before it are answered before /livez is."""
    settings = {"WEB_CONCURRENCY": "1", "RATELIMIT_ENABLED": "false"}
    with serving(tmp_path, settings) as server, ExitStack() as opened:
        polite = opened.enter_context(Client(server))
        assert polite.says(LIVEZ).hears().status == 200
        clients = [opened.enter_context(Client(server)) for _ in range(TIMES)]
        for client in clients:  # The first is made without the rest, and prepares what is cached.
            client.says(request_)
        clients[0].hears()
        for client in clients:
            client.says(request_ * 3)
        for _ in range(3):
            assert polite.says(LIVEZ).hears().status == 200
        told = sum(client.is_told() for client in clients)
        assert told < TIMES or not told
