"""The server starts and serves correctly in an unusual environment.

Standard output is full and ASCII-only, the folder's name isn't UTF-8, the umask is 0, and the
environment has all variables that gunicorn reads. The server listens on `::`, and leaves one
complete database file when it stops.
"""

import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import gunicorn
import psutil
import pytest
import requests

from api.config import SettingsError
from api.serve import IGNORED, _listen, _print
from tests.actor import FORM
from tests.measured import within
from tests.serving import REPOSITORY, free_port

ENVIRONMENT = {
    "FORWARDED_ALLOW_IPS": "nonsense",
    "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:1 --workers 9",
    "GUNICORN_FD": "99",
    "GUNICORN_PID": "1",
    "LISTEN_FDS": "1",
    "SCRIPT_NAME": "/prefix",
    "SENDFILE": "yes",
}
"""The shell also sets LISTEN_PID, to the id of the process."""
HARMLESS = {"WEB_CONCURRENCY", "PORT", "NOTIFY_SOCKET", "XDG_RUNTIME_DIR", "PWD"}
"""Two settings of the service; systemd's readiness notification; the folder of gunicorn's control
socket, which is switched off; and the current directory."""


NOT_READ = {"GUNICORN_CMD_ARGS"}
"""Only the `gunicorn` command reads it."""


class Started(NamedTuple):
    process: subprocess.Popen[bytes]
    folder: Path
    ports: tuple[int, int]
    """The ports of the API and of the metrics."""


def _answers(port: int, path: str) -> list[int]:
    """Return the statuses through IPv4 and IPv6, once the server listens."""
    deadline = time.monotonic() + 60
    while True:
        try:
            urls = [f"http://{host}:{port}{path}" for host in ("127.0.0.1", "[::1]")]
            # The library `requests` is recorded, and the document doesn't declare the metrics.
            return [urlopen(url, timeout=9).status for url in urls]
        except URLError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("started") / os.fsdecode(b"\xfcber")
    folder.mkdir()
    ports = free_port(), free_port()
    settings = {
        "HOST": "::",
        "PORT": f"{ports[0]}\r",
        "METRICS_ADDRESS": f"[::]:{ports[1]}",
        "WEB_CONCURRENCY": "3",
        "LOG_LEVEL": "warning",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONIOENCODING": "ascii",
    }
    command = 'LISTEN_PID=$$ exec "$0" -m api'
    with (folder / "server.log").open("w") as log, Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command, sys.executable],
            cwd=folder,
            env=settings | ENVIRONMENT,
            stdout=full,
            stderr=log,
            start_new_session=True,
            umask=0,
        )
    try:
        assert _answers(ports[0], "/livez") == [200, 200]
        yield Started(process, folder, ports)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, 9)
        process.wait()


def test_it_serves_both_families_at_both_addresses(started: Started) -> None:
    assert _answers(started.ports[0], "/readyz") == [200, 200]
    assert _answers(started.ports[1], "/metrics") == [200, 200]


def test_what_gunicorn_reads_of_the_environment_changes_nothing(started: Started) -> None:
    """Neither the addresses (see the tests above) nor the number of workers nor the paths."""
    answer = requests.post(f"http://127.0.0.1:{started.ports[0]}/userDetails", FORM, timeout=9)
    assert answer.status_code == 201
    assert answer.headers["Location"].startswith("/userDetails/")
    parent = psutil.Process(started.process.pid)
    assert within(60, lambda: len(parent.children()) == 3)


def test_every_variable_that_gunicorn_reads_is_known() -> None:
    """A later version of gunicorn may read more."""
    source = "".join(f.read_text() for f in Path(str(gunicorn.__file__)).parent.rglob("*.py"))
    read = set(re.findall(r"environ(?:\.get\(|\.pop\(|\[)['\"](\w+)['\"]", source))
    read |= set(re.findall(r"['\"](\w+)['\"] in os\.environ", source))
    wsgi = "CONTENT_|HTTP_|PATH_INFO|QUERY_STRING|RAW_URI|REMOTE_|REQUEST_METHOD|SERVER_|wsgi"
    of_requests = {name for name in read if re.match(wsgi, name)}
    assert read - of_requests - {"GUNICORN_DIRTY_SOCKET"} == {*IGNORED, *HARMLESS} - NOT_READ
    assert set(ENVIRONMENT) | {"LISTEN_PID"} == set(IGNORED)


def test_new_files_are_for_their_owner_alone(started: Started) -> None:
    files = [file for file in started.folder.iterdir() if file.name.startswith("signup.db")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert len(files) == 3


@pytest.mark.long
def test_a_clean_stop_leaves_everything_in_the_one_file_and_nothing_in_the_log(
    started: Started,
) -> None:
    url = f"http://127.0.0.1:{started.ports[0]}/userDetails"
    made = [requests.post(url, FORM, timeout=9) for _ in range(20)]
    os.killpg(started.process.pid, 2)  # Ctrl-C signals the whole process group.
    assert started.process.wait(timeout=40) == 0
    assert sorted(file.name for file in started.folder.iterdir()) == ["server.log", "signup.db"]
    uri = f"{(started.folder / 'signup.db').as_uri()}?immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        found = {key for (key,) in database.execute("SELECT id FROM user_details")}
    ids = {m.headers["Location"].rpartition("/")[2].replace("-", "") for m in made}
    assert len(ids) == 20 and ids <= found
    assert (started.folder / "server.log").read_text() == ""


def test_a_line_that_can_not_be_encoded_is_printed_with_escapes(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="ascii"))
    _print("at ü")
    assert capfd.readouterr().out == "at \\xfc\n"


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_line_that_nobody_can_read_is_left_out(
    monkeypatch: pytest.MonkeyPatch, *, is_closed: bool
) -> None:
    """A pipe without a reader, or standard output closed from the start."""
    kept, (reading, writing) = os.dup(1), os.pipe()
    os.close(reading)
    os.dup2(writing, 1)
    monkeypatch.setattr(sys, "stdout", None if is_closed else SimpleNamespace(encoding="utf-8"))
    try:
        _print("Serving")
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(writing)


def test_a_name_is_listened_on_at_its_ipv4_address() -> None:
    with _listen("HOST, PORT", "localhost", free_port()) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
    with _listen("HOST, PORT", "::1", free_port()) as listener:
        assert listener.getsockname()[0] == "::1"


@pytest.mark.parametrize("host", ["a..b", "x" * 64, "::g", "[::1]", "256.0.0.1.", "a b"])
def test_a_host_that_is_none_is_said_on_one_line(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^HOST, PORT: can't listen on [^()\n]*[.]$"):
        _listen("HOST, PORT", host, 5000)


def test_an_address_in_use_is_said_as_addresses_are_written() -> None:
    port = free_port()
    with _listen("METRICS_ADDRESS", "::", port):
        for host in "::", "0.0.0.0":
            shown = f"[::]:{port}" if host == "::" else f"{host}:{port}"
            with pytest.raises(SettingsError) as refused:
                _listen("HOST, PORT", host, port)
            words = f"HOST, PORT: can't listen on {shown}: Address already in use."
            assert str(refused.value) == words
    assert socket.has_dualstack_ipv6()
