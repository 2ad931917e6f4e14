"""Servers that are watched as an operator watches them: by their log, by their figures."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import psutil

from tests.clients import Answer, one
from tests.serving import Server


class Watched(Server):
    """A server whose log is read."""

    def logged(self, identity: str) -> list[dict[str, Any]]:
        """All that the log says of the exchange of this id."""
        lines = [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]
        return [line for line in lines if line["requestId"] == identity]

    def told(self, identity: str) -> dict[str, Any]:
        """The one line of its answer."""
        (line,) = (line for line in self.logged(identity) if "status" in line)
        return line


class Measured(NamedTuple):
    """A server, and where its figures are."""

    server: Server
    address: str

    def hears(self, method: str = "GET", path: str = "/metrics") -> Answer:
        """Not by `requests`, all of whose answers are held against the document."""
        told = replace(self.server, url=f"http://{self.address}")
        return one(told, f"{method} {path} HTTP/1.1\r\n\r\n".encode())

    def read(self) -> dict[str, float]:
        """Each figure by its name, labels included."""
        lines = self.hears().body.decode().splitlines()
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
