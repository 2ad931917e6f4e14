"""Abusive bytes get a declared refusal, and never cause an error or another client's response."""

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from api import config
from tests.clients import LIVEZ, Client, post, request_once
from tests.serving import Server
from tests.tools.abuse import responses_to, send_and_reset
from tests.tools.abuse_cases import CASES, LEAVES
from tests.tools.abuse_judge import stored, wrong
from tests.tools.abuse_smuggled import SMUGGLED, WHOLE

pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", CASES)
def test_abusive_requests_get_declared_responses(server: Server, name: str) -> None:
    """Only acknowledged requests are stored, and none that is hidden in another."""
    records, accounts = stored(server)
    began = time.monotonic()
    assert wrong(CASES[name], responses_to(server, CASES[name])) == []
    took = time.monotonic() - began
    began = time.monotonic()
    assert request_once(server, LIVEZ).status == 200
    # A request that is waited for is refused after 20 seconds. The rest is for a busy machine.
    assert took < 10 + 50 * (time.monotonic() - began)
    assert stored(server) == (records + CASES[name].answers.count(201), accounts)


def test_smuggling_never_affects_another_clients_responses(server: Server) -> None:
    given = post(WHOLE, b"Content-Length: 26\r\nAccept: application/json\r\n")
    _, accounts = stored(server)
    with Client(server) as other:
        record = other.send(given).receive().headers["location"]
        read = LIVEZ.replace(b"/livez", record.encode())
        own = other.send(read).receive().body
        for case in SMUGGLED.values():
            with Client(server) as smuggler:
                # A request that is begun before the smuggler's and completed after it.
                other.send(read[:20])
                smuggler.send(case.sent)
                other.send(read[20:] + read)
                assert [other.receive().body for _ in range(2)] == [own, own]
                assert tuple(smuggler.receive().status for _ in case.answers) == case.answers
                smuggler.end_sending()
                assert smuggler.is_closed_cleanly()
        assert not other.has_data()
    assert stored(server)[1] == accounts


def _pieces(size: int) -> Iterator[bytes]:
    """Yield a body that `requests` sends in chunks."""
    yield from (b"x" * 10_000 for _ in range(0, size, 10_000))


@pytest.mark.parametrize("size", [50_001, 10_000_000])
@pytest.mark.parametrize("kind", ["urlencoded", "multipart", "chunked"])
def test_a_client_that_sends_too_much_can_read_that_it_did(
    server: Server, kind: str, size: int
) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "urlencoded": {"data": {"lastname": "x" * size}},
        "multipart": {"files": {"lastname": (None, "x" * size)}},
        "chunked": {
            "data": _pieces(size),
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
    }
    assert requests.post(f"{server.url}/userDetails", timeout=60, **kinds[kind]).status_code == 413


def test_a_refused_client_that_sends_slowly_can_read_the_response(server: Server) -> None:
    """The server reads on for as long as a request may take.

    A client may read the response only after it has sent everything.
    """
    with Client(server) as client:
        client.send(post(b"", b"Content-Length: 10000000\r\n"))
        for _ in range(10):
            client.send(b"x" * 100_000)
            time.sleep(config.LINGER_TIMEOUT / 5)
        assert client.receive().status == 413
        assert client.is_closed_cleanly()


@pytest.mark.parametrize("name", LEAVES)
def test_early_disconnects_do_no_harm(server: Server, name: str) -> None:
    for seed in range(10):
        send_and_reset(server, LEAVES[name](random.Random(seed)))
    assert request_once(server, LIVEZ).status == 200
