"""The server, deprived of a resource: 503 without a hang, and normal service afterwards."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients import LIVEZ, Client, RawResponse, post, request_once
from tests.serving import Server, serving
from tests.starving import (
    all_connections,
    full_disk,
    immutable,
    peak,
    small_disk,
    worker_of,
)

pytestmark = pytest.mark.long

SETTINGS = {"WEB_CONCURRENCY": "1", "THREADS": "8", "DATABASE_TIMEOUT": "1"}
DETAILS = post(b"username=ada&lastname=" + b"k" * 150)
NO_RECORD = LIVEZ.replace(b"/livez", b"/userDetails/00000000-0000-4000-8000-000000000000")
READYZ = LIVEZ.replace(b"livez", b"readyz")
LONGEST = 20
"""Seconds until any response. The timeout is one second; the rest is for a busy machine."""
MOST = 350
"""MiB that a worker may use: 80 after the start, 19 for each password, and the waiting requests."""
PEAKS: list[int] = []
"""The peaks of the worker's memory in this test, in MiB."""


def request_all(server: Server, requests: list[bytes]) -> list[RawResponse]:
    """Send the requests at once. All responses come in time, and each 503 has Retry-After."""
    with ExitStack() as opened:
        clients = [opened.enter_context(Client(server)) for _ in requests]
        began = time.monotonic()
        for client, request in zip(clients, requests, strict=True):
            client.send(request)
        answers = [client.receive() for client in clients]
        assert time.monotonic() < began + LONGEST
    assert all(1 <= int(a.headers["retry-after"]) <= 60 for a in answers if a.status == 503)
    return answers


def statuses(server: Server, requests: list[bytes]) -> set[int]:
    return {answer.status for answer in request_all(server, requests)}


def assert_lives(server: Server) -> None:
    began = time.monotonic()
    assert request_once(server, LIVEZ).status == 200
    assert time.monotonic() < began + LONGEST


def assert_reads_on(server: Server, kept: bytes) -> None:
    """Assert that reads succeed and the service is ready, although writes fail."""
    assert statuses(server, [kept, READYZ]) == {200}
    assert_lives(server)


def assert_well(server: Server) -> None:
    """Assert normal service by the same worker, within its memory limit."""
    assert statuses(server, [DETAILS] * 9) == {201}
    assert statuses(server, [READYZ]) == {200}
    log = server.log.read_text()
    assert "Traceback" not in log and "undeclared" not in log and "Worker" not in log
    PEAKS.append(peak(worker_of(server)))
    assert PEAKS[-1] < MOST


@pytest.fixture(autouse=True)
def _peak_recorded(record_property: Callable[[str, object], None]) -> Iterator[None]:
    PEAKS.clear()
    yield
    if PEAKS:
        record_property("MiB of memory that the worker had at most", max(PEAKS))


def test_a_full_disk_is_503_for_writes_and_serves_reads(tmp_path: Path) -> None:
    """Checklist 15."""
    folder = tmp_path / "disk"
    with small_disk(folder), serving(folder, SETTINGS) as server:
        kept = LIVEZ.replace(b"/livez", request_once(server, DETAILS).headers["location"].encode())
        with full_disk(folder, server):
            for _ in range(30):  # Existing pages may have free space.
                last = statuses(server, [DETAILS] * 9)
                assert last <= {201, 503}
                if last == {503}:
                    break
            assert last == {503}
            assert_reads_on(server, kept)
        assert_well(server)


def test_unwritable_files_are_503_for_writes(tmp_path: Path) -> None:
    """Checklist 15."""
    with serving(tmp_path, SETTINGS) as server:
        kept = LIVEZ.replace(b"/livez", request_once(server, DETAILS).headers["location"].encode())
        with immutable(tmp_path / "signup.db") as can:
            if not can:
                pytest.skip("this needs root, and a file system that has chattr +i")
            assert statuses(server, [DETAILS] * 9) == {503}
            assert_reads_on(server, kept)
        assert_well(server)


def test_a_read_only_restored_file_is_503_until_it_is_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checklist 15: SQLite opens such a file read-only, and keeps that mode for the connection."""
    if os.getuid() == 0:  # Root may write any file, unless it drops that capability.
        drop = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nexec {" ".join(drop)} {sys.executable} "$@"\n')
        python.chmod(0o755)
        monkeypatch.setattr("tests.serving.sys.executable", str(python))
    with serving(tmp_path, SETTINGS) as server:
        assert request_once(server, DETAILS).status == 201
        restored, file = tmp_path / "restored.db", tmp_path / "signup.db"
        server.stop()
        shutil.copy(file, restored)
    with serving(tmp_path, SETTINGS) as server:
        assert request_once(server, DETAILS).status == 201
        restored.chmod(0o444)
        restored.replace(file)
        for left in (file.with_name("signup.db-wal"), file.with_name("signup.db-shm")):
            left.unlink(missing_ok=True)
        assert statuses(server, [DETAILS] * 9) == {503}
        assert statuses(server, [READYZ]) == {200}
        assert_lives(server)
        # SQLite gives the -wal and -shm files the same mode.
        for each in tmp_path.glob("signup.db*"):
            each.chmod(0o644)
        assert_well(server)


def test_without_free_connections_requests_are_503(tmp_path: Path, postgresql_url: str) -> None:
    """Checklist 15."""
    settings = SETTINGS | {"DATABASE_URL": postgresql_url}
    with serving(tmp_path, settings) as server:
        with all_connections(postgresql_url) as take_away:
            # The worker's own connection serves one request at a time.
            assert statuses(server, [NO_RECORD] * 9) == {404, 503}
            assert_lives(server)
            take_away()
            assert statuses(server, [NO_RECORD, DETAILS, READYZ] * 3) == {503}
            assert_lives(server)
        assert_well(server)


def test_idle_connections_are_closed_when_descriptors_run_out(tmp_path: Path) -> None:
    """Checklist 15."""
    with ExitStack() as opened:
        server = opened.enter_context(serving(tmp_path, SETTINGS, ulimit="-n 80"))
        idle = [opened.enter_context(Client(server)) for _ in range(50)]
        assert idle[0].send(LIVEZ).receive().status == 200
        late = [opened.enter_context(Client(server)).send(DETAILS) for _ in range(2)]
        began = time.monotonic()
        assert {client.receive().status for client in late} == {201}
        # Sooner than idle connections time out, after 75 seconds.
        assert time.monotonic() < began + 60
        assert worker_of(server).num_fds() < 80
        assert_well(server)


def test_fifty_sign_ups_with_passwords_at_once_all_succeed(tmp_path: Path) -> None:
    """Checklist 33: other requests are served in the meantime, and memory stays bounded."""
    body = b"username=user%d&password=an+otter+counts+nine+moons"
    requests = [post(body % n, path=b"/userSignUp") for n in range(50)]
    with serving(tmp_path, SETTINGS | {"HASHING_TIMEOUT": "60"}) as server, ExitStack() as opened:
        clients = [opened.enter_context(Client(server)) for _ in requests]
        for client, request in zip(clients, requests, strict=True):
            client.send(request)
        assert_lives(server)
        assert not clients[-1].has_data()
        assert [client.receive().status for client in clients] == [200] * len(clients)
        assert_well(server)
