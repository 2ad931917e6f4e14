"""Bytes sent to make the server err: a declared refusal, never a fault, nor another's answer."""

import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.clients import LIVEZ, Client, one, post
from tests.serving import Server
from tests.tools.abuse import heard, leave
from tests.tools.abuse_cases import CASES, LEAVES
from tests.tools.abuse_judge import stored, wrong
from tests.tools.abuse_smuggled import SMUGGLED, WHOLE


@pytest.mark.parametrize("name", CASES)
def test_what_is_sent_to_make_it_err_is_answered_as_declared(server: Server, name: str) -> None:
    """And nothing is stored but what was acknowledged, nor by a request that is hidden in it."""
    records, accounts = stored(server)
    began = time.monotonic()
    assert wrong(CASES[name], heard(server, CASES[name])) == []
    took = time.monotonic() - began
    began = time.monotonic()
    assert one(server, LIVEZ).status == 200
    # A request that is waited for is refused after 20 seconds. A busy machine needs longer for all.
    assert took < 10 + 50 * (time.monotonic() - began)
    assert stored(server) == (records + CASES[name].answers.count(201), accounts)


def test_whatever_one_client_smuggles_another_hears_its_own_answers(server: Server) -> None:
    given = post(WHOLE, b"Content-Length: 26\r\nAccept: application/json\r\n")
    _, accounts = stored(server)
    with Client(server) as other:
        record = other.says(given).hears().headers["location"]
        read = LIVEZ.replace(b"/livez", record.encode())
        own = other.says(read).hears().body
        for case in SMUGGLED.values():
            with Client(server) as smuggler:
                other.says(read[:20])  # A request that is begun, and whole once theirs is said.
                smuggler.says(case.sent)
                other.says(read[20:] + read)
                assert [other.hears().body for _ in range(2)] == [own, own]
                assert tuple(smuggler.hears().status for _ in case.answers) == case.answers
                smuggler.ends()
                assert smuggler.hears_nothing_more()
        assert not other.is_told()
    assert stored(server)[1] == accounts


def _pieces(size: int) -> Iterator[bytes]:
    """A body that `requests` sends in chunks."""
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


@pytest.mark.parametrize("name", LEAVES)
def test_who_leaves_early_harms_nobody(server: Server, name: str) -> None:
    for seed in range(10):
        leave(server, LEAVES[name](random.Random(seed)))
    assert one(server, LIVEZ).status == 200
