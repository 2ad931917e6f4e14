"""The server as it is started, and without what it needs: 503, no hang, and then as before."""

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

SETTINGS = {"WEB_CONCURRENCY": "1", "THREADS": "8", "DATABASE_TIMEOUT": "1"}
DETAILS = post(b"username=ada&lastname=" + b"k" * 150)
NO_RECORD = LIVEZ.replace(b"/livez", b"/userDetails/00000000-0000-4000-8000-000000000000")
READYZ = LIVEZ.replace(b"livez", b"readyz")
LONGEST = 20
"""Seconds that any answer may take. The timeout is one second; the rest is for a busy machine."""
MOST = 350
"""MiB that a worker may have: 80 as it starts, 19 for a password, and what waits."""
PEAKS: list[int] = []
"""MiB that the worker of the test has had."""


def request_all(server: Server, requests: list[bytes]) -> list[RawResponse]:
    """The answers to requests that are sent at once: none is late, and each 503 says how long."""
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
    """What can't be written now is read, and that is ready: the database isn't gone."""
    assert statuses(server, [kept, READYZ]) == {200}
    assert_lives(server)


def assert_well(server: Server) -> None:
    """By itself: with the worker that it always had, which has needed no more than it may."""
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


def test_a_full_disk_is_said_and_what_is_kept_is_read_on(tmp_path: Path) -> None:
    """Checklist 15."""
    folder = tmp_path / "disk"
    with small_disk(folder), serving(folder, SETTINGS) as server:
        kept = LIVEZ.replace(b"/livez", request_once(server, DETAILS).headers["location"].encode())
        with full_disk(folder, server):
            for _ in range(30):  # There may be room in the pages that are there already.
                last = statuses(server, [DETAILS] * 9)
                assert last <= {201, 503}
                if last == {503}:
                    break
            assert last == {503}
            assert_reads_on(server, kept)
        assert_well(server)


def test_files_that_may_not_be_written_any_more_are_said(tmp_path: Path) -> None:
    """Checklist 15."""
    with serving(tmp_path, SETTINGS) as server:
        kept = LIVEZ.replace(b"/livez", request_once(server, DETAILS).headers["location"].encode())
        with immutable(tmp_path / "signup.db") as can:
            if not can:
                pytest.skip("this needs root, and a file system that has chattr +i")
            assert statuses(server, [DETAILS] * 9) == {503}
            assert_reads_on(server, kept)
        assert_well(server)


def test_a_file_restored_read_only_is_said_and_written_once_it_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checklist 15: SQLite opens it all the same, and goes on as it has opened it."""
    if os.getuid() == 0:  # Root may write whatever it likes, unless it gives that up.
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
        for each in tmp_path.glob("signup.db*"):  # SQLite makes the other two like the first.
            each.chmod(0o644)
        assert_well(server)


def test_connections_that_others_have_all_are_said(tmp_path: Path, postgresql_url: str) -> None:
    """Checklist 15."""
    settings = SETTINGS | {"DATABASE_URL": postgresql_url}
    with serving(tmp_path, settings) as server:
        with all_connections(postgresql_url) as take_away:
            # The one that the worker has is enough for one at a time.
            assert statuses(server, [NO_RECORD] * 9) == {404, 503}
            assert_lives(server)
            take_away()
            assert statuses(server, [NO_RECORD, DETAILS, READYZ] * 3) == {503}
            assert_lives(server)
        assert_well(server)


def test_idle_clients_that_have_all_files_make_room_for_others(tmp_path: Path) -> None:
    """Checklist 15."""
    with ExitStack() as opened:
        server = opened.enter_context(serving(tmp_path, SETTINGS, ulimit="-n 80"))
        idle = [opened.enter_context(Client(server)) for _ in range(50)]
        assert idle[0].send(LIVEZ).receive().status == 200
        late = [opened.enter_context(Client(server)).send(DETAILS) for _ in range(2)]
        began = time.monotonic()
        assert {client.receive().status for client in late} == {201}
        assert time.monotonic() < began + 60  # An idle connection is closed after 75.
        assert worker_of(server).num_fds() < 80
        assert_well(server)


def test_fifty_sign_ups_with_passwords_at_once_all_succeed(tmp_path: Path) -> None:
    """Checklist 33: meanwhile other requests are served, and memory stays bounded."""
    body = b"username=user%d&password=an+otter+counts+nine+moons"
    requests = [post(body % n).replace(b"/userDetails", b"/userSignUp") for n in range(50)]
    with serving(tmp_path, SETTINGS | {"HASHING_TIMEOUT": "60"}) as server, ExitStack() as opened:
        clients = [opened.enter_context(Client(server)) for _ in requests]
        for client, request in zip(clients, requests, strict=True):
            client.send(request)
        assert_lives(server)
        assert not clients[-1].has_data()
        assert [client.receive().status for client in clients] == [200] * len(clients)
        assert_well(server)
