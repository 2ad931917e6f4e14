"""Slow clients, and clients that send without end, delay no other client."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from tests.clients import HOST, LIVEZ, Client, post, request_once
from tests.odd_server import LARGE
from tests.serving import Server, serving

pytestmark = pytest.mark.long

THREADS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"WEB_CONCURRENCY": "1", "THREADS": str(THREADS), "LOG_LEVEL": "debug"}
    folder = tmp_path_factory.mktemp("server")
    with serving(folder, settings, "tests.odd_server") as server:
        yield server


def get_request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n"


def test_incomplete_requests_time_out(server: Server) -> None:
    chunked = post(b"", b"Transfer-Encoding: chunked\r\n")
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(server)) for _ in range(6)]
        _idle, kept, silent, head, body, chunks = clients
        kept.send(LIVEZ).receive()
        silent.send(LIVEZ[:20])
        head.send(LIVEZ[:20])
        body.send(post(b"username=a", b"Content-Length: 99\r\n"))
        chunks.send(chunked)
        began, slow = time.monotonic(), {head: b"x", body: b"x", chunks: b"1\r\nx\r\n"}
        while waiting := [client for client in slow if not client.has_data()]:
            for client in waiting:  # A single byte doesn't extend the deadline.
                client.send(slow[client])
            time.sleep(0.1)
            assert time.monotonic() < began + 60
        assert {client.receive().status for client in (silent, *slow)} == {400}
        assert all(client.is_closed_cleanly() for client in clients)


def test_more_clients_than_threads_that_read_nothing_delay_no_others(server: Server) -> None:
    with ExitStack() as opened:
        slow = [
            opened.enter_context(Client(server, receive_buffer=4096)) for _ in range(3 * THREADS)
        ]
        for client in slow:
            client.send(get_request("/large"))
        time.sleep(0.2)
        assert request_once(server, LIVEZ).status == 200
        # So that the client receives large pieces.
        slow[0].sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGE)
        # The next request is sent at once, because an idle connection is soon closed.
        assert len(slow[0].send(LIVEZ).receive().body) == LARGE
        assert slow[0].receive().status == 200
    assert request_once(server, LIVEZ).status == 200


def test_more_clients_than_threads_are_served(server: Server) -> None:
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(server)) for _ in range(2 * THREADS)]
        for client in clients:
            client.send(get_request("/slow"))
        assert {client.receive().status for client in clients} == {200}


def test_a_client_that_disconnects_leaves_no_connection(server: Server) -> None:
    (worker,) = psutil.Process(server.process.pid).children()
    for path in ("/slow", "/large", "/livez"):
        for _ in range(2 * THREADS):
            Client(server, receive_buffer=4096).send(get_request(path)).sock.close()
    # The server has accepted all earlier connections by now.
    assert request_once(server, LIVEZ).status == 200
    deadline = time.monotonic() + 60
    while worker.net_connections()[1:] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [c.status for c in worker.net_connections()] == ["LISTEN"]
    assert request_once(server, LIVEZ).status == 200


def test_an_endless_body_is_cut_off_and_delays_no_others(server: Server) -> None:
    def flood(client: Client) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            client.send(b"x" * 100_000)
            assert request_once(server, LIVEZ).status == 200

    with Client(server) as client:
        assert client.send(post(b"", b"Content-Length: 99999999999\r\n")).receive().status == 413
        with pytest.raises(ConnectionError):
            flood(client)


@pytest.mark.parametrize("size", [b"1", b"1;a=" + b"b" * 4000], ids=["many", "long"])
def test_a_body_of_mostly_chunk_overhead_costs_little(server: Server, size: bytes) -> None:
    chunks = (size + b"\r\nx\r\n") * (1 + 400_000 // (len(size) + 5))
    with Client(server) as client:
        assert client.send(LIVEZ).receive().status == 200
        (worker,) = psutil.Process(server.process.pid).children()

        def cost(request: bytes, times: int = 1) -> float:
            """Return the CPU seconds of the worker, which don't depend on other processes."""
            before = worker.cpu_times()
            statuses = {client.send(request).receive().status for _ in range(times)}
            assert statuses <= {200, 400, 413}
            after = worker.cpu_times()
            return after.user + after.system - before.user - before.system

        little = cost(LIVEZ, times=200)
        body = chunks * (10 if len(size) > 9 else 1)
        assert cost(post(body, b"Transfer-Encoding: chunked\r\n")) < 3 * little


@pytest.mark.parametrize("path", ["/raises", "/unsayable", "/breaks-off"])
def test_an_exception_of_the_app_affects_no_other_client(server: Server, path: str) -> None:
    with Client(server) as client, Client(server) as other:
        client.send(get_request(path))
        if path == "/raises":
            assert client.receive().status == 500
        if path == "/breaks-off":
            assert client.receive().body.strip(b"a") == b"", (
                "what broke off is followed by an error"
            )
        assert client.is_closed_cleanly()
        assert other.send(LIVEZ).receive().status == 200
