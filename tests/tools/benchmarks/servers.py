"""The compared servers, each in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import requests

from tests.serving import REPOSITORY, Server, free_port, serving
from tests.tools.benchmarks.load import Wrk

HTTP_PARSER = "python"
"""The parser that the service uses too. Where it is installed, gunicorn would use one in C."""
WORKERS = 2
BARE = f"-m gunicorn -k gthread -w {WORKERS} --threads 16 --http-parser {HTTP_PARSER}".split()
# A limit beyond the load, so that requests are counted but not refused.
SETTINGS = {"RATELIMIT_PASSWORDS": "1000000 per minute"}
TRIES = 40


@contextmanager
def bare() -> Iterator[tuple[str, psutil.Process]]:
    """Run the bare app, and yield its address and gunicorn's arbiter."""
    url = f"http://127.0.0.1:{free_port()}"
    command = [*BARE, "-b", url.removeprefix("http://"), "--log-level", "error"]
    process = subprocess.Popen(
        [sys.executable, *command, "tests.tools.benchmarks.bare:app"],
        cwd=REPOSITORY,
        # Signals to this process don't reach it.
        start_new_session=True,
    )
    try:
        wait_until(lambda: requests.post(f"{url}/userSignUp", timeout=60).ok)
        arbiter = psutil.Process(process.pid)
        wait_until(lambda: len(arbiter.children()) == WORKERS)
        yield url, arbiter
    finally:
        process.terminate()
        process.wait(timeout=40)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds, at most a minute. A server that doesn't listen yet is none.

    Raises `TimeoutError`.
    """
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(requests.ConnectionError):
            if condition():
                return
        time.sleep(0.05)
    raise TimeoutError


@contextmanager
def service(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run the service. Its URL has an IP address, which needs no look-up for each connection."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving(folder, SETTINGS | dict(settings or {})) as server:
        try:
            yield replace(server, url=server.url.replace("localhost", "127.0.0.1"))
        finally:
            if (ended := server.process.poll()) is not None:
                said = server.log.read_text("utf-8")
                print(f"the service ended by itself, with {ended}: {said}", file=sys.stderr)
        assert server.stop() == 0, server.log.read_text("utf-8")


@contextmanager
def instances(folder: Path, database_url: str, number: int) -> Iterator[list[str]]:
    """Run `number` instances with one worker each on one database, and yield their addresses."""
    settings = {"WEB_CONCURRENCY": "1", "DATABASE_URL": database_url}
    with ExitStack() as stack:
        names = [folder / f"instance{n}" for n in range(number)]
        yield [stack.enter_context(service(name, settings)).url for name in names]


def links(url: str, number: int, file: Path) -> Path:
    """Create `number` records, and write their links to the file."""
    form = {"username": "sam", "firstname": "john", "lastname": "king"}
    with requests.Session() as session, file.open("w") as lines:
        for _ in range(number):
            answer = session.post(f"{url}/userDetails", form, timeout=60)
            print(answer.headers["Location"], file=lines)
    return file


def spread(arbiter: psutil.Process, connections: int, start: Callable[[], Wrk]) -> Wrk:
    """Start a load, again if needed, until its connections are spread over gunicorn's workers.

    The gthread worker that wakes first accepts and keeps all waiting connections. In about every
    third run one of two workers had all of them, and the bare app served 2,100 requests/s instead
    of 4,500 to 7,400. The reference is the fast case, in which each worker has at least a quarter.
    """
    for _ in range(TRIES):
        wrk = start()
        held = [0]
        until = time.monotonic() + 0.5
        while sum(held) < connections and time.monotonic() < until:
            time.sleep(0.05)
            held = [
                sum(c.status == psutil.CONN_ESTABLISHED for c in worker.net_connections("tcp"))
                for worker in arbiter.children()
            ]
        if min(held) * 4 >= connections:
            return wrk
        wrk.stop()
        time.sleep(0.2)  # Wait until the server has noticed.
    raise AssertionError("the bare app's connections never spread over its workers")
