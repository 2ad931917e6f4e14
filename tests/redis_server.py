"""A real Redis, on a port of its own, that can be killed and started again."""

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
    """It keeps nothing on disk: who starts again has counted nothing."""

    def __init__(self, command: str) -> None:
        self._port = free_port()
        self._command = [command, "--port", str(self._port), *_QUIET]
        self.uri = f"redis://127.0.0.1:{self._port}"
        self.client = redis.Redis(port=self._port)
        self.start()

    def start(self) -> None:
        """Return once it answers."""
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
        """SIGKILL."""
        self._process.kill()
        self._process.wait()


@contextmanager
def running() -> Iterator[Redis]:
    """Without redis-server the tests are skipped, but in CI they fail."""
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
