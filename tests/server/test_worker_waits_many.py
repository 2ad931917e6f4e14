"""Any number of requests may wait for a resource: others are served, and each wait is bounded."""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.clients import LIVEZ, Client, request_once
from tests.server.test_worker_waits import DETAILS, SETTINGS, THREADS
from tests.serving import Server, serving

pytestmark = pytest.mark.long

MANY = 5 * THREADS
TIMEOUT = 1
"""Seconds, equal to the timeout in the settings."""
LONGEST = 2 * TIMEOUT + 0.5
"""Seconds until a response: a request may wait for a thread as long as for the database."""


@contextmanager
def crowd(server: Server, requests: list[bytes]) -> Iterator[Callable[[], dict[int, int]]]:
    """Send all requests at once. Yield a function that returns the number of each status.

    It also asserts that all responses came in time.
    """
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(server)) for _ in requests]
        began = time.monotonic()
        for client, request in zip(clients, requests, strict=True):
            client.send(request)
        for _ in range(3):
            assert request_once(server, LIVEZ).status == 200
        assert not all(client.has_data() for client in clients)

        def count_statuses() -> dict[int, int]:
            responses = [client.receive() for client in clients]
            ended = time.monotonic()
            # The time of as many requests that wait for nothing.
            for client in clients:
                client.send(LIVEZ)
            assert {client.receive().status for client in clients} == {200}
            without = time.monotonic() - ended
            assert ended - began < LONGEST + 5 * without
            statuses = [answer.status for answer in responses]
            assert all(
                "retry-after" in answer.headers for answer in responses if answer.status == 503
            )
            return {status: statuses.count(status) for status in statuses}

        yield count_statuses


def test_more_that_wait_for_a_locked_sqlite_than_there_are_threads(tmp_path: Path) -> None:
    with serving(tmp_path, SETTINGS) as server:
        links = [request_once(server, DETAILS).headers["location"].encode() for _ in range(MANY)]
        deletes = [LIVEZ.replace(b"GET /livez", b"DELETE " + link) for link in links]
        with closing(sqlite3.connect(tmp_path / "signup.db", isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")
            for requests in ([DETAILS] * MANY, deletes, [DETAILS, deletes[0]] * (MANY // 2)):
                with crowd(server, requests) as count_statuses:
                    assert count_statuses() == {503: MANY}
            with crowd(server, [DETAILS, *deletes[: THREADS - 1]]) as count_statuses:
                another.execute("ROLLBACK")
                assert count_statuses() == {201: 1, 204: THREADS - 1}


def test_more_that_wait_for_a_frozen_store_of_limits_than_there_are_threads(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=MANY) as store:
        uri = f"redis://127.0.0.1:{store.getsockname()[1]}"
        settings = SETTINGS | {"RATELIMIT_STORAGE_URI": uri, "RATELIMIT_DEFAULT": "999 per hour"}
        with (
            serving(tmp_path, settings) as server,
            crowd(server, [DETAILS] * MANY) as count_statuses,
        ):
            assert count_statuses() == {201: MANY}
