"""A real Redis, on a port of its own, that can be killed and restarted."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from tests.serving import free_port

_QUIET = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning"]


class Redis:
    """A Redis that stores nothing on disk, so its counts are lost when it restarts."""

    def __init__(self, command: str) -> None:
        self._port = free_port()
        self._command = [command, "--port", str(self._port), *_QUIET]
        self.uri = f"redis://127.0.0.1:{self._port}"
        self.client = redis.Redis(port=self._port)
        self.start()

    def start(self) -> None:
        """Start it, and wait until it responds."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            try:
                self.client.ping()
            except redis.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running() -> Iterator[Redis]:
    """Run a Redis. If it isn't installed, skip the tests; in CI, fail."""
    command = shutil.which("redis-server")
    if command is None:
        otherwise = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        otherwise("There is no Redis here: apt-get install redis-server")
    server = Redis(command)
    try:
        yield server
    finally:
        server.kill()
        server.client.close()
