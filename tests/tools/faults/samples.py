"""Samples of the workers' memory, file descriptors and connections, and their growth."""

import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter

import psutil

GROWTH = {"memory": 12.0, "descriptors": 12.0, "connections": 12.0}
"""The maximum growth from the second quarter's median to the last one's, in MiB or in number."""
SHORTEST = 0.25
"""Only workers that lived for this share of the run are judged, because a killed worker had too
little time."""


@dataclass(frozen=True)
class Sample:
    """The resources of a worker, `seconds` after the start."""

    at: float
    memory: float
    """MiB of resident memory (RSS)."""
    descriptors: int
    connections: int
    """Established TCP connections from clients."""


@dataclass
class Samples:
    """The samples of each worker by its process id."""

    arbiter: psutil.Process
    port: int
    began: float = field(default_factory=time.monotonic)
    of: dict[int, list[Sample]] = field(default_factory=dict)

    def take(self) -> None:
        for worker in self.arbiter.children():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                held = worker.net_connections("tcp")
                sample = Sample(
                    at=time.monotonic() - self.began,
                    memory=worker.memory_info().rss / 2**20,
                    descriptors=worker.num_fds(),
                    connections=sum(
                        c.status == psutil.CONN_ESTABLISHED and c.laddr.port == self.port
                        for c in held
                    ),
                )
                self.of.setdefault(worker.pid, []).append(sample)

    def long_lived(self) -> dict[int, list[Sample]]:
        """Return the samples of the workers that are judged."""
        longest = time.monotonic() - self.began
        return {
            pid: taken
            for pid, taken in self.of.items()
            if len(taken) >= 4 and taken[-1].at - taken[0].at >= SHORTEST * longest
        }

    def growths(self) -> Iterator[tuple[int, str, float, float]]:
        """Yield the medians of the second and of the last quarter, for each worker and resource."""
        for pid, taken in self.long_lived().items():
            quarter = len(taken) // 4
            for name in GROWTH:
                values = list(map(attrgetter(name), taken))
                before = statistics.median(values[quarter : 2 * quarter])
                yield pid, name, before, statistics.median(values[-quarter:])

    def wrong(self) -> Iterator[str]:
        for pid, name, before, after in self.growths():
            if after - before > GROWTH[name]:
                yield f"worker {pid}: {name} grew from {before:.1f} to {after:.1f}"
        if not self.long_lived():
            yield "no worker lived long enough to be judged"
