"""Log lines are written whole and never mixed, and an unread log never blocks the service."""

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask

from api.observability.json_lines import LineWriter
from tests.clients import LIVEZ, Client
from tests.contract.test_http_errors import faulty
from tests.records import COMMON_MEMBERS, recorded_lines
from tests.serving import REPOSITORY, Server, free_port

LINE = json.dumps({"message": "x" * 180}) + "\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for end in reader, writer:
        os.close(end)


def test_a_full_pipe_loses_lines_and_says_how_many_once_there_is_room(
    pipe: tuple[int, int],
) -> None:
    reader, writer = pipe
    lines = LineWriter(writer)
    for _ in range(1000):
        lines.write(LINE)
    kept = os.read(reader, 1 << 20).decode().splitlines()
    assert 100 < len(kept) < 1000 and {line + "\n" for line in kept} == {LINE}
    lines.write(LINE)
    said, after = os.read(reader, 1 << 20).decode().splitlines()
    assert list(json.loads(said)) == COMMON_MEMBERS
    assert json.loads(said)["message"] == f"{1000 - len(kept)} lines lost" and after + "\n" == LINE
    lines.write(LINE)
    assert os.read(reader, 1 << 20).decode() == LINE


def test_a_line_that_was_torn_spoils_no_other(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    lines = LineWriter(writer)
    lines.write("y" * (1 << 17) + "\n")
    torn = os.read(reader, 1 << 20)
    assert set(torn) == {ord("y")}
    lines.write(LINE)
    rest, said, after = os.read(reader, 1 << 20).decode().split("\n")[:3]
    assert (rest, json.loads(said)["message"], after + "\n") == ("", "1 lines lost", LINE)


def test_a_pipe_without_a_reader_is_ignored(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    null = os.open(os.devnull, os.O_RDONLY)
    lines = LineWriter(writer)
    os.dup2(null, reader)
    os.close(null)
    lines.write(LINE)


def _write_many(writer: int, letter: str, begin: float) -> None:
    lines = LineWriter(writer)
    time.sleep(max(0, begin - time.monotonic()))
    for _ in range(3000):
        lines.write(letter * 100 + "\n")


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    writer = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    with ProcessPoolExecutor(3, get_context("fork")) as processes:
        begin = time.monotonic() + 0.2
        for done in [processes.submit(_write_many, writer, letter, begin) for letter in "abc"]:
            done.result()
    os.close(writer)
    written = (tmp_path / "log").read_text().splitlines()
    assert len(written) == 9000 and {*written} == {letter * 100 for letter in "abc"}


def test_a_server_without_standard_error_serves(tmp_path: Path) -> None:
    """The service must not write log lines to a file that gets descriptor 2."""
    port = str(free_port())
    environ = os.environ | {"PORT": port, "WEB_CONCURRENCY": "1"}
    command = f"exec {sys.executable} -m api 2>&-"
    process = subprocess.Popen(
        command, shell=True, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environ
    )
    assert process.stdout
    try:
        said = process.stdout.readline()
        server = Server(process, f"http://localhost:{port}", said, tmp_path / "server.log")
        with Client(server) as client, process.stdout:
            for _ in range(50):
                assert client.send(LIVEZ).receive().status == 200
        assert server.stop() == 0
    finally:
        process.kill()
        process.wait()


def test_a_defect_is_logged_without_the_link_that_was_asked_for(
    make_app_at: Callable[..., Flask],
    sqlite_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link = f"/userDetails/{uuid4()}"
    headers = {"X-Request-ID": "mine"}
    asks = faulty(make_app_at(sqlite_url), monkeypatch, RuntimeError("inside")).asks
    with recorded_lines() as logged:
        for method in "GET", "DELETE":
            assert asks(method, link, headers=headers).status_code == 500
        said = logged()
    assert {line["requestId"] for line in said} == {"mine"}
    assert sum("RuntimeError: inside" in line.get("exception", "") for line in said) == 2
    assert any(line["message"].startswith("undeclared response: GET") for line in said)
    assert link.rpartition("/")[2] not in json.dumps(said)


def test_log_lines_outside_of_requests_have_no_id() -> None:
    with recorded_lines() as logged:
        logging.getLogger("elsewhere").warning("a\nb %s", "\x1b[31m")
        (line,) = logged()
    assert (line["message"], line["requestId"]) == ("a\nb \x1b[31m", None)
    assert list(line) == COMMON_MEMBERS


def test_pythons_warnings_are_log_lines() -> None:
    code = (
        "import warnings; from api.observability.json_lines import LineWriter, configure_logging; "
        "configure_logging(LineWriter(), 'info', lambda: None); warnings.warn('odd')"
    )
    environ = {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    assert (json.loads(line)["level"], json.loads(line)["logger"]) == ("warning", "py.warnings")


def test_standard_error_stays_blocking_for_the_programs_that_share_it(
    pipe: tuple[int, int],
) -> None:
    _, writer = pipe
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for shared in writer, ours.fileno():
            lines = LineWriter(shared)
            lines.write(LINE)
            assert os.get_blocking(shared)
        assert lines._socket
        lines._socket.close()


def test_a_socket_that_is_full_loses_lines_and_is_not_waited_for() -> None:
    """Such as the socket of systemd's journal."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        lines = LineWriter(ours.fileno())
        for _ in range(5000):
            lines.write(LINE)
        assert theirs.recv(len(LINE), socket.MSG_WAITALL).decode() == LINE
        assert lines._socket and lines._lost
        lines._socket.close()
