"""A benchmark run: its measurements, and its errors."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.tools.benchmarks.load import BARE, CROWDED, EXPECTED, Load, Wrk
from tests.tools.benchmarks.machine import Others
from tests.tools.benchmarks.servers import spread

SERVED_AT_ONCE = 64
"""The number of connections up to which no request may be refused."""


class Key(NamedTuple):
    """The server, the work and the connections of a measurement."""

    server: str
    work: str
    kept: bool
    connections: int

    def __str__(self) -> str:
        how = "kept" if self.kept else "closing"
        return f"{self.server}, {self.work}, {self.connections} {how}"


class Target(NamedTuple):
    """A server to measure. `arbiter` is gunicorn's, if connections must be spread over workers."""

    name: str
    url: str
    links: Path | None = None
    arbiter: psutil.Process | None = None


@dataclass
class Bench:
    """Measurements by their key, one for each round."""

    folder: Path
    rounds: int
    seconds: int
    others: Others = field(default_factory=Others)
    loads: dict[Key, list[Load]] = field(default_factory=lambda: defaultdict(list))
    alone: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Measurements without a server: hashes, pgbench, syncs."""
    wrong: list[str] = field(default_factory=list)

    def start(self, target: Target, work: str, kept: bool, connections: int, pause: int = 0) -> Wrk:
        bare, crowded = target.arbiter, connections > SERVED_AT_ONCE
        expected = BARE if bare else CROWDED if crowded else EXPECTED

        def start() -> Wrk:
            return Wrk(
                work,
                target.url,
                self.folder,
                connections=connections,
                seconds=self.seconds,
                kept=kept,
                expected=expected[work],
                links=target.links,
                pause=pause,
            )

        if target.arbiter and kept and connections > 1:
            return spread(target.arbiter, connections, start)
        return start()

    def keep(self, key: Key, load: Load) -> None:
        self.loads[key].append(load)
        self.wrong += [f"{key}: {what}" for what in load.wrong()]

    def measure(self, target: Target, work: str, kept: bool, connections: int) -> None:
        with self.others.watched():
            load = self.start(target, work, kept, connections).result()
        self.keep(Key(target.name, work, kept, connections), load)

    def of(self, server: str) -> list[Load]:
        """Return all measurements of a server."""
        return [load for key, loads in self.loads.items() if key.server == server for load in loads]
