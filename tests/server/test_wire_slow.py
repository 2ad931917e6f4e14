"""Clients that take their time, or all there is, hold up nobody but themselves."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from tests.clients import HOST, LIVEZ, Client, one, post
from tests.odd_server import LARGE, LAST
from tests.serving import Server, serving

THREADS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"WEB_CONCURRENCY": "1", "THREADS": str(THREADS), "LOG_LEVEL": "debug"}
    folder = tmp_path_factory.mktemp("server")
    with serving(folder, settings, "tests.odd_server") as server:
        yield server


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n"


def test_who_does_not_come_to_an_end_is_refused_or_left(server: Server) -> None:
    chunked = post(b"", b"Transfer-Encoding: chunked\r\n")
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(server)) for _ in range(6)]
        _idle, kept, silent, head, body, chunks = clients
        kept.says(LIVEZ).hears()
        silent.says(LIVEZ[:20])
        head.says(LIVEZ[:20])
        body.says(post(b"username=a", b"Content-Length: 99\r\n"))
        chunks.says(chunked)
        began, slow = time.monotonic(), {head: b"x", body: b"x", chunks: b"1\r\nx\r\n"}
        while waiting := [client for client in slow if not client.is_told()]:
            for client in waiting:  # Each byte is no new beginning.
                client.says(slow[client])
            time.sleep(0.1)
            assert time.monotonic() < began + 60
        assert {client.hears().status for client in (silent, *slow)} == {400}
        assert all(client.hears_nothing_more() for client in clients)


def test_more_clients_than_threads_that_take_nothing_hold_up_nobody(server: Server) -> None:
    with ExitStack() as opened:
        slow = [opened.enter_context(Client(server, room=4096)) for _ in range(3 * THREADS)]
        for client in slow:
            client.says(get("/large"))
        time.sleep(0.2)
        assert one(server, LIVEZ).status == 200
        slow[0].sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGE)  # In large pieces.
        # The next request is sent at once, because an idle connection is soon closed.
        assert len(slow[0].says(LIVEZ).hears().body) == LARGE
        assert slow[0].hears().status == 200
    assert one(server, LIVEZ).status == 200


def test_more_clients_than_threads_get_their_turn(server: Server) -> None:
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(server)) for _ in range(2 * THREADS)]
        for client in clients:
            client.says(get("/slow"))
        assert {client.hears().status for client in clients} == {200}


def test_who_leaves_while_it_is_answered_leaves_nothing_behind(server: Server) -> None:
    (worker,) = psutil.Process(server.process.pid).children()
    for path in ("/slow", "/large", "/livez"):
        for _ in range(2 * THREADS):
            Client(server, room=4096).says(get(path)).sock.close()
    assert one(server, LIVEZ).status == 200  # All who came before have come in by then.
    deadline = time.monotonic() + 60
    while worker.net_connections()[1:] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [c.status for c in worker.net_connections()] == ["LISTEN"]
    assert one(server, LIVEZ).status == 200


def test_who_is_refused_and_sends_on_slowly_can_read_why(server: Server) -> None:
    """For as long as a request may take: it may be a client that reads when it has sent all."""
    with Client(server) as client:
        client.says(post(b"", b"Content-Length: 10000000\r\n"))
        for _ in range(10):
            client.says(b"x" * 100_000)
            time.sleep(LAST / 5)
        assert client.hears().status == 413
        assert client.hears_nothing_more()


def test_who_sends_without_end_is_left_and_holds_up_nobody(server: Server) -> None:
    def flood(client: Client) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            client.says(b"x" * 100_000)
            assert one(server, LIVEZ).status == 200

    with Client(server) as client:
        assert client.says(post(b"", b"Content-Length: 99999999999\r\n")).hears().status == 413
        with pytest.raises(ConnectionError):
            flood(client)


@pytest.mark.parametrize("size", [b"1", b"1;a=" + b"b" * 4000], ids=["many", "long"])
def test_a_body_that_is_mostly_around_its_chunks_costs_little(server: Server, size: bytes) -> None:
    chunks = (size + b"\r\nx\r\n") * (1 + 400_000 // (len(size) + 5))
    with Client(server) as client:
        assert client.says(LIVEZ).hears().status == 200
        (worker,) = psutil.Process(server.process.pid).children()

        def cost(request: bytes, times: int = 1) -> float:
            """Seconds of the worker's processor, which other processes don't change."""
            before = worker.cpu_times()
            statuses = {client.says(request).hears().status for _ in range(times)}
            assert statuses <= {200, 400, 413}
            after = worker.cpu_times()
            return after.user + after.system - before.user - before.system

        little = cost(LIVEZ, times=200)
        body = chunks * (10 if len(size) > 9 else 1)
        assert cost(post(body, b"Transfer-Encoding: chunked\r\n")) < 3 * little


@pytest.mark.parametrize("path", ["/raises", "/unsayable", "/breaks-off"])
def test_whatever_an_app_raises_the_others_go_on(server: Server, path: str) -> None:
    with Client(server) as client, Client(server) as other:
        client.says(get(path))
        if path == "/raises":
            assert client.hears().status == 500
        if path == "/breaks-off":
            assert client.hears().body.strip(b"a") == b"", "what broke off is followed by an error"
        assert client.hears_nothing_more()
        assert other.says(LIVEZ).hears().status == 200
