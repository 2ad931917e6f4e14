"""Compare speed, memory and start time with many records and with few."""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil

from tests.serving import Server
from tests.tools.benchmarks.bench import Bench, Target
from tests.tools.benchmarks.filled import fill, some_links
from tests.tools.benchmarks.kept import missing
from tests.tools.benchmarks.rows import HOLDS, LIGHT
from tests.tools.benchmarks.servers import links, service
from tests.tools.benchmarks.table import Row
from tests.tools.benchmarks.works import KINDS, RECORDS

ACCOUNTS, DETAILS = 1_000_000, 10_000_000
LARGEST, SLOWEST_START = 120, 2.0
"""The maximum memory of a worker in MB, and the maximum seconds of a start."""
FLAT = 1.25
"""The maximum growth of memory under load that counts as constant."""


class _Grown:
    """The service on one of the two databases, with its measurements."""

    def __init__(self, bench: Bench, name: str, server: Server, seconds: float) -> None:
        self.name, self.process, self.seconds = name, psutil.Process(server.process.pid), seconds
        self.file = bench.folder / name / "signup.db"
        self.memory: list[list[tuple[float, float]]] = []
        time.sleep(1)  # Wait for the workers to start.
        self.weigh()
        to = bench.folder / f"{name}.links"
        if name == "large":
            some_links(self.file, RECORDS, to)
        else:
            links(server.url, RECORDS, to)
        self.target = Target(name, server.url, to)

    def weigh(self) -> None:
        """Record the RSS and USS of each worker in MB."""
        workers = self.process.children(recursive=True) or [self.process]
        infos = [worker.memory_full_info() for worker in workers]
        self.memory.append([(info.rss / 1e6, info.uss / 1e6) for info in infos])

    def report(self) -> str:
        weights = (
            ", ".join(f"{rss:.0f} ({uss:.0f})" for rss, uss in workers) for workers in self.memory
        )
        return (
            f"{self.name}: serves after {self.seconds:.2f} s; RSS (USS) of its workers in MB "
            + ("at start {}; after a round {}; in the end {}".format(*weights))
        )

    def wrong(self) -> Iterator[str]:
        if self.seconds >= SLOWEST_START:
            yield f"{self.name}: doesn't start within {SLOWEST_START} s"
        if max(rss for rss, _ in self.memory[-1]) >= LARGEST:
            yield f"{self.name}: a worker has {LARGEST} MB and more"
        _, warm, end = (max(uss for _, uss in workers) for workers in self.memory)
        if end > warm * FLAT:
            yield f"{self.name}: a worker grows, from {warm:.0f} to {end:.0f} MB"


def _rows(bench: Bench) -> Iterator[Row]:
    for key, loads in bench.loads.items():
        if key.server == "large":
            few = [load.rate for load in bench.loads[key._replace(server="small")]]
            rates, p99 = [load.rate for load in loads], statistics.median(x.p99 for x in loads)
            work = f"{LIGHT[key.work][0]}, many records"
            yield Row(work, "few records", key.kept, key.connections, rates, few, HOLDS, p99)


def grow(bench: Bench, accounts: int = ACCOUNTS, details: int = DETAILS) -> list[Row]:
    """Measure with many and with few records alternately. Other results than rates are printed."""
    (bench.folder / "large").mkdir()
    began = time.monotonic()
    fill(bench.folder / "large" / "signup.db", accounts, details)
    print(f"{accounts:,} accounts, {details:,} records: in {time.monotonic() - began:.0f} s")
    with ExitStack() as stack:
        both = []
        for name in ("small", "large"):
            began = time.monotonic()
            server = stack.enter_context(service(bench.folder / name))
            both.append(_Grown(bench, name, server, time.monotonic() - began))
        for _ in range(bench.rounds):
            for kept in KINDS:
                for work in LIGHT:
                    for one in both:
                        bench.measure(one.target, work, kept, 16)
            for one in both:
                if len(one.memory) == 1:  # Lazily loaded modules are loaded now.
                    one.weigh()
        for one in both:
            one.weigh()
            bench.wrong += one.wrong()
            print(one.report())
    for one in both:
        beyond = details if one.name == "large" else 0
        bench.wrong += missing(f"sqlite:///{one.file}", bench.of(one.name), beyond)
    return list(_rows(bench))
