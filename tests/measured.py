"""Servers whose log or metrics are read, as an operator reads them."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import psutil

from tests.clients import RawResponse, request_once
from tests.serving import Server


class LoggedServer(Server):
    """A server with methods to search its log."""

    def log_lines(self, identity: str) -> list[dict[str, Any]]:
        """Return all log lines with this request id."""
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        return [line for line in lines if line["requestId"] == identity]

    def response_line(self, identity: str) -> dict[str, Any]:
        """Return the single log line of the response with this request id."""
        (line,) = (line for line in self.log_lines(identity) if "status" in line)
        return line


class MetricsServer(NamedTuple):
    """A server, and the address of its metrics."""

    server: Server
    address: str

    def request(self, method: str = "GET", path: str = "/metrics") -> RawResponse:
        """Send a request to the metrics.

        The library `requests` is recorded, and the document doesn't declare the metrics.
        """
        at_metrics = replace(self.server, url=f"http://{self.address}")
        return request_once(at_metrics, f"{method} {path} HTTP/1.1\r\n\r\n".encode())

    def read(self) -> dict[str, float]:
        """Return each metric's value by its name with labels."""
        lines = self.request().body.decode().splitlines()
        said = (line.rpartition(" ") for line in lines if line[0] != "#")
        return {name: float(figure) for name, _, figure in said}

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.server.process.pid).children()


def within(seconds: float, is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.02)
    return is_so()
