"""However a worker stops, accepted requests get whole responses, and acknowledged data is kept."""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event
from uuid import UUID

import psutil
import pytest

from api.config import GRACE_PERIOD
from tests.clients import LIVEZ, Client, post, request_once
from tests.serving import Server, serving

pytestmark = pytest.mark.long

ROUNDS, CLIENTS = 5, 6
DETAILS = post(b"username=ada&lastname=king", b"Content-Length: 26\r\nAccept: application/json\r\n")


class Load:
    """Clients that submit details as fast as they get responses, and record acknowledged ids."""

    def __init__(self, server: Server) -> None:
        self.server, self.is_over = server, Event()
        self.kept: list[str] = []
        self.broken: list[str] = []

    def wait_until_acknowledged(self, number: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.kept) < number:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def submit_details(self) -> None:
        while not self.is_over.is_set():
            with suppress(ConnectionError), Client(self.server) as client:
                while not self.is_over.is_set():
                    client.send(DETAILS)
                    if not client.gets_response():
                        break  # The server may close the connection between two requests.
                    answer = client.receive()
                    if answer.status != 201 or len(answer.body) != int(
                        answer.headers["content-length"]
                    ):
                        self.broken.append(str(answer))
                    self.kept.append(answer.headers["location"].rpartition("/")[2])


@contextmanager
def load(server: Server) -> Iterator[Load]:
    some = Load(server)
    with ThreadPoolExecutor(CLIENTS) as pool:
        given = [pool.submit(some.submit_details) for _ in range(CLIENTS)]
        try:
            yield some
        finally:
            some.is_over.set()
        for future in given:
            future.result(timeout=60)


def test_acknowledged_data_survives_a_kill_at_any_time(tmp_path: Path) -> None:
    kept: list[str] = []
    for _ in range(ROUNDS):
        with serving(tmp_path) as server, load(server) as some:
            some.wait_until_acknowledged(random.randint(1, 100))
            os.killpg(server.process.pid, signal.SIGKILL)
            some.is_over.set()
        assert some.kept and not some.broken
        kept += some.kept
    with serving(tmp_path) as server, Client(server) as client:
        path = f"/userDetails/{kept[-1]}".encode()
        assert client.send(LIVEZ.replace(b"/livez", path)).receive().status == 200
        with closing(sqlite3.connect(tmp_path / "signup.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            found = {str(UUID(key)) for (key,) in database.execute("SELECT id FROM user_details")}
    assert len(set(kept)) == len(kept) and set(kept) <= found


def test_a_server_stopping_under_load_completes_accepted_requests(tmp_path: Path) -> None:
    with serving(tmp_path, module="tests.odd_server") as server, Client(server) as idle:
        assert idle.send(LIVEZ).receive().status == 200
        with load(server) as some:
            some.wait_until_acknowledged(random.randint(1, 100))
            began = time.monotonic()
            assert server.stop() == 0
            some.is_over.set()
        assert time.monotonic() < began + GRACE_PERIOD - 5
        assert idle.is_closed_cleanly()
        assert some.kept and not some.broken
        assert "Traceback" not in server.log.read_text()
    with closing(sqlite3.connect(tmp_path / "signup.db")) as database:
        ((number,),) = database.execute("SELECT count(*) FROM user_details")
    assert number == len(some.kept), "a request was done, and its answer lost"


def test_a_worker_that_is_told_to_stop_while_it_boots_is_not_waited_for(tmp_path: Path) -> None:
    settings = {"WEB_CONCURRENCY": "1", "BOOTING": "0.3"}
    with serving(tmp_path, settings, "tests.odd_server") as server:
        while not psutil.Process(server.process.pid).children():
            time.sleep(0.01)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() < began + GRACE_PERIOD - 5


def test_a_worker_whose_parent_is_gone_ends_though_clients_stay(tmp_path: Path) -> None:
    settings = {"WEB_CONCURRENCY": "1"}
    with serving(tmp_path, settings, "tests.odd_server") as server, Client(server) as client:
        assert client.send(LIVEZ).receive().status == 200
        (worker,) = psutil.Process(server.process.pid).children()
        server.process.kill()
        deadline = time.monotonic() + 60
        while client.send(LIVEZ).receive().headers["connection"] == "keep-alive":
            assert time.monotonic() < deadline, "it goes on for as long as it is asked"
            time.sleep(0.05)
        assert client.is_closed_cleanly()
        worker.wait(timeout=60)


def test_other_signals_neither_end_it_nor_keep_it_busy(tmp_path: Path) -> None:
    with serving(tmp_path, {"WEB_CONCURRENCY": "1"}) as server:
        assert request_once(server, LIVEZ).status == 200
        (worker,) = psutil.Process(server.process.pid).children()
        for number in (signal.SIGUSR1, signal.SIGCHLD, signal.SIGWINCH):
            worker.send_signal(number)
        before = worker.cpu_times().user
        time.sleep(0.4)
        assert worker.cpu_times().user - before < 0.2
        assert request_once(server, LIVEZ).status == 200
