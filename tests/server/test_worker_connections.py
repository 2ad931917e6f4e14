"""Greenlets serve one connection after the other, and few of them wait for the next one."""

from contextlib import ExitStack
from pathlib import Path

from api.threads import MAX_IDLE
from tests.clients import Client, request_once
from tests.serving import serving

GREENLET = b"GET /greenlet HTTP/1.1\r\nHost: a\r\n%s\r\n"
CLOSING = GREENLET % b"Connection: close\r\n"


def test_a_greenlet_serves_one_connection_after_the_other(tmp_path: Path) -> None:
    with serving(tmp_path, {"WEB_CONCURRENCY": "1"}, "tests.odd_server") as server:
        served = [int(request_once(server, CLOSING).body.split()[0]) for _ in range(5)]
        assert served == [1, 2, 3, 4, 5]


def test_after_many_connections_few_greenlets_wait(tmp_path: Path) -> None:
    with serving(tmp_path, {"WEB_CONCURRENCY": "1"}, "tests.odd_server") as server:
        before = int(request_once(server, CLOSING).body.split()[1])
        with ExitStack() as stack:
            clients = [stack.enter_context(Client(server)) for _ in range(2 * MAX_IDLE)]
            alive = [
                int(client.send(GREENLET % b"").receive().body.split()[1]) for client in clients
            ]
            assert alive[-1] >= 2 * MAX_IDLE
            for client in clients:
                assert client.send(CLOSING).receive().status == 200
        assert int(request_once(server, CLOSING).body.split()[1]) <= before + MAX_IDLE
