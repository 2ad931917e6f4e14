"""While some requests wait for the database, Redis or a file descriptor, others are served."""

import resource
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.clients import LIVEZ, SIGN_UP, Client, many_clients, post, request_once
from tests.serving import Server, serving
from tests.storage.test_unavailable_frozen import Wire, database_url, wire

pytestmark = pytest.mark.long

__all__ = ["database_url", "wire"]

THREADS = 8
SETTINGS = {"WEB_CONCURRENCY": "1", "THREADS": str(THREADS), "DATABASE_TIMEOUT": "1"}
DETAILS = post(b"username=ada&lastname=king", b"Content-Length: 26\r\nAccept: application/json\r\n")


@contextmanager
def waiting(server: Server, request: bytes, number: int) -> Iterator[list[Client]]:
    """Open `number` clients whose requests wait, while other clients get responses at once."""
    with many_clients(server, number, request) as clients:
        time.sleep(0.1)
        # The waiting requests time out after a second. If /livez had to wait for them, they would
        # have responses by then.
        for _ in range(3):
            assert request_once(server, LIVEZ).status == 200
        assert not any(client.has_data() for client in clients)
        yield clients


def test_a_locked_sqlite_delays_only_writes(tmp_path: Path) -> None:
    with serving(tmp_path, SETTINGS) as server:
        link = request_once(server, DETAILS).headers["location"].encode()
        file = tmp_path / "signup.db"
        with closing(sqlite3.connect(file, isolation_level=None)) as another:
            another.execute("BEGIN IMMEDIATE")
            with waiting(server, DETAILS, THREADS - 1) as clients:
                assert request_once(server, LIVEZ.replace(b"/livez", link)).status == 200
                assert {client.receive().status for client in clients} == {503}
            with waiting(server, DETAILS, THREADS - 1) as clients:
                another.execute("ROLLBACK")
                assert {client.receive().status for client in clients} == {201}


def test_a_frozen_postgresql_delays_only_requests_that_use_it(
    tmp_path: Path,
    database_url: str,
    wire: Wire,
) -> None:
    with serving(tmp_path, SETTINGS | {"DATABASE_URL": database_url}) as server:
        found = LIVEZ.replace(b"/livez", request_once(server, DETAILS).headers["location"].encode())
        wire.thawed.clear()
        try:
            with waiting(server, DETAILS, 3) as clients, waiting(server, found, 3) as others:
                assert {client.receive().status for client in clients + others} == {503}
        finally:
            wire.thawed.set()
        assert request_once(server, DETAILS).status == 201


def test_a_frozen_rate_limit_store_delays_only_limited_requests(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as store:
        uri = f"redis://127.0.0.1:{store.getsockname()[1]}"
        with (
            serving(tmp_path, SETTINGS | {"RATELIMIT_STORAGE_URI": uri}) as server,
            waiting(server, SIGN_UP, 1) as clients,
        ):
            assert clients[0].receive().status == 200


def test_with_no_file_left_clients_wait_until_there_is_one(tmp_path: Path) -> None:
    with serving(tmp_path, {"WEB_CONCURRENCY": "1"}) as server:
        # During the first requests libev opens its own files anew, and ends the worker if it can't.
        for _ in range(200):
            assert request_once(server, LIVEZ).status == 200
        (worker,) = psutil.Process(server.process.pid).children()
        with Client(server) as late, ExitStack() as opened:
            now = worker.num_fds() + 2
            resource.prlimit(worker.pid, resource.RLIMIT_NOFILE, (now, now))
            clients = [opened.enter_context(Client(server)) for _ in range(6)]
            assert clients[0].send(LIVEZ).receive().status == 200
            last = opened.enter_context(Client(server)).send(LIVEZ)
            before = worker.cpu_times().user
            time.sleep(0.4)
            assert not last.has_data() and worker.is_running(), server.log.read_text()
            assert worker.cpu_times().user - before < 0.2, "it asks for what isn't there all along"
            for client in clients:
                client.sock.close()
            assert last.receive().status == late.send(LIVEZ).receive().status == 200
