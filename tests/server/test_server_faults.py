"""Actions of clients or the system, none of which may end or block the server (faults 28 to 35)."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from api.server.worker import MAX_UNSENT
from tests.clients import HOST, LIVEZ, SIGN_UP, Client, many_clients, post, request_once
from tests.measured import within
from tests.serving import Server, serving
from tests.starving import peak, worker_of

pytestmark = pytest.mark.long

ONE_WORKER = {"WEB_CONCURRENCY": "1"}
BUNDLE = LIVEZ.replace(b"/livez", b"/docs/swagger-ui-bundle.js")


def many_stalled(server: Server, number: int, sent: bytes) -> AbstractContextManager[list[Client]]:
    """Open `number` clients that send these bytes and read nothing, with small buffers."""
    return many_clients(server, number, sent, receive_buffer=4096)


@pytest.fixture(autouse=True)
def _descriptors() -> Iterator[None]:
    """Raise this process's own limit of file descriptors."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("sent", [LIVEZ[:20], BUNDLE * 4], ids=["half a head", "unread"])
def test_the_limit_of_descriptors_is_raised_to_the_hard_one(tmp_path: Path, sent: bytes) -> None:
    with serving(tmp_path, ONE_WORKER, ulimit="-Sn 80") as server, many_stalled(server, 100, sent):
        assert request_once(server, LIVEZ).status == 200
        worker = worker_of(server)
        soft, hard = worker.rlimit(psutil.RLIMIT_NOFILE)
        assert soft == hard and worker.num_fds() > 100
        assert peak(worker) < 250


@pytest.mark.parametrize("sent", [LIVEZ[:20], BUNDLE * 4, b""], ids=["half", "unread", "idle"])
def test_without_descriptors_stalled_connections_are_closed(tmp_path: Path, sent: bytes) -> None:
    with serving(tmp_path, ONE_WORKER, ulimit="-n 160") as server, many_stalled(server, 150, sent):
        began = time.monotonic()
        for _ in range(3):
            assert request_once(server, LIVEZ).status == 200
        assert time.monotonic() < began + 15
        assert worker_of(server).num_fds() < 160
        assert "Traceback" not in server.log.read_text()


def test_a_client_address_has_as_many_connections_as_the_setting_says(tmp_path: Path) -> None:
    with serving(tmp_path, ONE_WORKER | {"CONNECTIONS_PER_CLIENT": "3"}) as server:
        with ExitStack() as opened:
            clients = [opened.enter_context(Client(server)) for _ in range(4)]
            for client in clients[:3]:
                assert client.send(LIVEZ).receive().status == 200
            assert clients[3].is_closed_cleanly()
        deadline = time.monotonic() + 60
        while len(worker_of(server).net_connections()) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert request_once(server, LIVEZ).status == 200


def test_unfinished_bodies_take_little_memory(tmp_path: Path) -> None:
    chunk = b"1;a=" + b"b" * 4000 + b"\r\nx\r\n"
    unfinished = post(chunk * 20, b"Transfer-Encoding: chunked\r\n")
    large = post(b"x" * 65_000, b"Content-Length: 65536\r\n")
    head = LIVEZ[:-2] + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 900) for n in range(30))
    with serving(tmp_path, ONE_WORKER) as server:
        assert request_once(server, LIVEZ).status == 200
        before = peak(worker_of(server))
        with (
            many_stalled(server, 100, unfinished),
            many_stalled(server, 100, large),
            many_stalled(server, 100, head),
        ):
            assert request_once(server, LIVEZ).status == 200
            time.sleep(1)
            assert peak(worker_of(server)) < before + 300 * 100 // 1024 + 20


def test_incomplete_requests_take_bounded_memory_over_all(tmp_path: Path) -> None:
    large = post(b"x" * 65_000, b"Content-Length: 65536\r\n")
    with serving(tmp_path, ONE_WORKER) as server:
        assert request_once(server, LIVEZ).status == 200
        before = peak(worker_of(server))
        with many_stalled(server, 1500, large) as clients:  # 93 MiB in all.
            assert request_once(server, LIVEZ).status == 200

            def cut_off() -> int:
                return sum(client.has_data() for client in clients)

            assert within(60, lambda: cut_off() > 300)
            assert cut_off() < 1000
            assert peak(worker_of(server)) < before + 150


def held_by_the_kernel(server: Server) -> list[int]:
    """Return the numbers of bytes that the kernel holds for clients that don't receive them."""
    address = f":{int(server.url.rpartition(':')[2]):04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    sizes = [int(line[4].partition(":")[0], 16) for line in lines if line[1].endswith(address)]
    return [size for size in sizes if size]


def test_of_a_response_that_is_not_read_the_kernel_holds_little(tmp_path: Path) -> None:
    with serving(tmp_path, ONE_WORKER) as server:
        assert len(request_once(server, BUNDLE).body) > 10 * MAX_UNSENT
        with many_stalled(server, 10, BUNDLE):
            assert within(60, lambda: len(held_by_the_kernel(server)) == 10)
            assert max(held_by_the_kernel(server)) < 2 * MAX_UNSENT


def test_a_worker_that_answers_many_requests_in_a_row_pauses_between_them(
    tmp_path: Path,
) -> None:
    """Otherwise it would neither send heartbeats nor serve other clients."""
    number = 1500
    with (
        serving(tmp_path, ONE_WORKER) as server,
        Client(server) as busy,
        ThreadPoolExecutor(1) as pool,
    ):
        assert request_once(server, LIVEZ).status == 200
        busy.send(LIVEZ * number)
        statuses = pool.submit(lambda: [busy.receive().status for _ in range(number)])
        for _ in range(2):
            assert request_once(server, LIVEZ).status == 200
        assert not statuses.done()
        assert set(statuses.result()) == {200}


def test_a_worker_that_hangs_before_its_first_heartbeat_is_replaced(tmp_path: Path) -> None:
    settings = ONE_WORKER | {"HANGING": str(tmp_path / "hung")}
    with serving(tmp_path, settings, "tests.odd_server") as server:
        assert request_once(server, LIVEZ).status == 200
        assert (tmp_path / "hung").exists()


def test_signals_that_change_the_number_of_workers_end_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, ONE_WORKER) as server:
        for _ in range(11):
            server.process.send_signal(signal.SIGTTIN)
            time.sleep(0.02)
        server.process.send_signal(signal.SIGUSR2)
        time.sleep(1)
        assert request_once(server, LIVEZ).status == 200
        assert server.process.poll() is None
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize(
    "fields",
    [
        b"Connection: TE, close\r\n",
        b"Connection: close, TE\r\n",
        b"Connection: close,keep-alive\r\n",
        b"Connection: keep-alive\r\nConnection: Close\r\n",
    ],
)
def test_close_among_other_options_closes(server: Server, fields: bytes) -> None:
    with Client(server) as client:
        client.send(b"GET /livez HTTP/1.1\r\n" + HOST + fields + b"\r\n")
        assert client.receive().headers["connection"] == "close"
        assert client.is_closed_cleanly()


def test_a_stop_of_the_whole_process_group_is_silent(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with serving(tmp_path, {"LOG_LEVEL": "warning"}) as server:
            assert request_once(server, SIGN_UP).status in (200, 409)
            deadline = time.monotonic() + 40
            # A terminal and a supervisor may both send the signal, also at the very end.
            while server.process.poll() is None and time.monotonic() < deadline:
                with suppress(ProcessLookupError):
                    os.killpg(server.process.pid, number)
                time.sleep(0.01)
            assert server.process.wait(timeout=40) == 0
            assert server.log.read_text() == ""


def test_where_no_thread_can_be_started_a_write_is_503_and_the_worker_lives(tmp_path: Path) -> None:
    with serving(tmp_path, ONE_WORKER | {"NO_THREADS": "1"}, "tests.odd_server") as server:
        assert request_once(server, LIVEZ).status == 200
        answer = request_once(server, post(b"username=ada&lastname=king"))
        assert (answer.status, "retry-after" in answer.headers) == (503, True)
        assert "Traceback" not in server.log.read_text()
