"""`python -m api`: starting, stopping, starting again, and refusing to start."""

import os
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest
import requests

from tests.actor import FORM
from tests.serving import Server, free_port, serving, start

pytestmark = pytest.mark.long

DETAILS = {"Accept": "application/json"}


def test_the_start_prints_the_urls_and_the_database(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        assert server.startup_line == (
            f"Serving {server.url}, docs at {server.url}/docs, data in {tmp_path / 'signup.db'}\n"
        )
        assert requests.get(f"{server.url}/readyz", timeout=60).json() == {"status": "ok"}
        assert len(_workers(server, 2)) == 2


def test_a_second_start_finds_the_data_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        made = requests.post(f"{server.url}/userDetails", FORM, timeout=60)
        assert server.stop() == 0
    with serving(tmp_path) as server:
        found = requests.get(server.url + made.headers["Location"], timeout=60)
        assert found.json()["lastname"] == "king"


@pytest.mark.parametrize("how", ["SIGTERM", "Ctrl-C"])
def test_a_stopping_server_finishes_requests_in_progress_and_exits_0(
    tmp_path: Path, how: str
) -> None:
    """Checklist 42."""
    body = urlencode(FORM).encode()
    head = (
        "POST /userDetails HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with serving(tmp_path) as server, ExitStack() as opened:
        address = "127.0.0.1", int(server.url.rpartition(":")[2])
        clients = [
            opened.enter_context(socket.create_connection(address, timeout=60)) for _ in range(6)
        ]
        for client in clients:
            client.sendall(head.encode() + body[:9])
        _wait_until_accepted(server, len(clients))
        if how == "Ctrl-C":
            # A terminal signals the whole process group.
            os.killpg(server.process.pid, signal.SIGINT)
        else:
            server.process.terminate()
        time.sleep(0.5)
        for client in clients:
            client.sendall(body[9:])
        for client in clients:
            assert client.recv(4096).startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(timeout=40) == 0
        assert "Traceback" not in server.log.read_text()


def _workers(server: Server, number: int) -> list[psutil.Process]:
    """Return the worker processes, once there are `number` of them."""
    deadline = time.monotonic() + 60
    workers: list[psutil.Process] = []
    while len(workers) != number and time.monotonic() < deadline:
        workers = psutil.Process(server.process.pid).children()
        time.sleep(0.01)
    return workers


def _wait_until_accepted(server: Server, number: int) -> None:
    """Wait until the workers have accepted `number` connections."""
    taken = 0
    while taken < number:
        connections = [c for w in _workers(server, 2) for c in w.net_connections()]
        taken = sum(c.status == "ESTABLISHED" for c in connections)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"PORT": "many"}, "PORT: Give a whole number from 1 to 65535."),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY: Give a whole number from 1 to 256."),
        ({"HOST": "no.such.host.invalid"}, "HOST, PORT: can't listen on"),
        ({"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL: Use sqlite:/// or postgresql"),
        (
            {"DATABASE_URL": "sqlite:////nowhere/at/all.db"},
            "all.db: No such file or directory.",
        ),
        ({"DATABASE_URL": "postgresql://x:secret@127.0.0.1:1/x"}, "postgresql+psycopg://x:***@"),
        ({"RATELIMIT_STORAGE_URI": "nothing://"}, "RATELIMIT_STORAGE_URI: "),
    ],
)
def test_an_impossible_start_is_reported_on_one_line(
    tmp_path: Path, settings: dict[str, str], says: str
) -> None:
    process = start(tmp_path, **({"PORT": str(free_port())} | settings))
    output, _ = process.communicate(timeout=60)
    log = (tmp_path / "server.log").read_text()
    assert process.returncode == 1
    assert says in log
    assert log.count("\n") == 1
    assert "secret" not in log + output


def test_a_port_in_use_is_said_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with serving(tmp_path) as server:
        second = start(tmp_path / "second", PORT=server.url.rpartition(":")[2])
        second.communicate(timeout=60)
        log = (tmp_path / "second" / "server.log").read_text()
        assert second.returncode == 1
        assert "Address already in use" in log
        assert log.count("\n") == 1
        assert not (tmp_path / "second" / "signup.db").exists()


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        killed, *_ = _workers(server, 2)
        killed.kill()
        killed.wait(timeout=60)
        for _ in range(10):
            assert requests.get(f"{server.url}/livez", timeout=60).status_code == 200
        assert killed not in _workers(server, 2)


def test_several_instances_start_at_once_on_one_database(
    tmp_path: Path, postgresql_url: str
) -> None:
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    for url in (postgresql_url, f"sqlite:///{tmp_path / 'shared.db'}"):
        with (
            serving(folders[0], {"DATABASE_URL": url}) as first,
            serving(folders[1], {"DATABASE_URL": url}) as second,
            serving(folders[2], {"DATABASE_URL": url}) as third,
        ):
            made = requests.post(f"{first.url}/userDetails", FORM, headers=DETAILS, timeout=60)
            for server in (second, third):
                link = server.url + made.headers["Location"]
                assert requests.get(link, timeout=60).json()["id"] == made.json()["id"]
