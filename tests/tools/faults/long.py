"""A long run: a mixed load with faults. Nothing may grow, and no response may be undeclared."""

import argparse
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import psutil
from sqlalchemy import create_engine

from tests.postgresql import running
from tests.serving import Server, free_port, serving
from tests.tools.faults.long_plot import draw
from tests.tools.faults.mixed import Person, Tally
from tests.tools.faults.now_and_then import Faults
from tests.tools.faults.samples import Samples

PEOPLE = 8
SAMPLED_EVERY = 5.0
"""Seconds."""
ODD = re.compile(r"undeclared response|Traceback|error|critical", re.IGNORECASE)
EXPECTED = re.compile(r"was sent SIGKILL|limits are counted in memory|the database can't do it now")
"""Allowed log lines: gunicorn's about a killed worker, and the service's about unavailable
resources."""


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'signup.db'}"
    else:
        with running() as url:
            yield url


def _watch(samples: Samples, tally: Tally, minutes: float, server: Server) -> None:
    until = samples.began + minutes * 60
    told = samples.began
    while (now := time.monotonic()) < until and server.process.poll() is None:
        samples.take()
        if now - told > 60:
            told = now
            asked = f"{sum(tally.answers.values()):,} answers, {len(tally.wrong)} wrong"
            print(f"{(now - samples.began) / 60:.0f} minutes: {asked}", flush=True)
        time.sleep(min(SAMPLED_EVERY, minutes * 60 / 40))


def _table(tally: Tally, faults: Faults, samples: Samples) -> Iterator[str]:
    statuses: dict[str, Counter[int]] = {}
    for (kind, status), number in sorted(tally.answers.items()):
        statuses.setdefault(kind, Counter())[status] += number
    for kind, found in statuses.items():
        yield f"{kind:28} " + ", ".join(f"{n:,} of {s}" for s, n in found.items())
    yield f"{'answers lost by kills':28} {len(tally.lost)}"
    yield f"{'slowest answer':28} {tally.slowest:.1f} s"
    yield from (f"{kind:28} {n} times" for kind, n in faults.befell.items())
    for pid, name, before, after in samples.growths():
        yield f"worker {pid}, {name:13} {before:.1f}, later {after:.1f}"


def run(given: argparse.Namespace) -> list[str]:
    """Run it, and return what is wrong."""
    tally, is_over, redis = Tally(), Event(), free_port()
    with tempfile.TemporaryDirectory() as name, _database(given.database, Path(name)) as url:
        settings = {
            "DATABASE_URL": url,
            "RATELIMIT_STORAGE_URI": f"redis://127.0.0.1:{redis}",
            "RATELIMIT_PASSWORDS": "1000000 per minute",
            "RATELIMIT_TAKEN": "1000000 per minute",
            "RATELIMIT_FAILURES": "1000000 per minute",
        }
        with serving(Path(name), settings) as server, ThreadPoolExecutor(PEOPLE + 1) as pool:
            samples = Samples(
                psutil.Process(server.process.pid), int(server.url.rpartition(":")[2])
            )
            engine = create_engine(url)
            faults = Faults(server, engine, redis, tally, given.seed)
            people = [Person(n, given.seed, server.url, tally) for n in range(PEOPLE)]
            rate = given.rate / PEOPLE
            living = [pool.submit(person.lives, rate, is_over) for person in people]
            living.append(pool.submit(faults.befall, is_over))
            try:
                _watch(samples, tally, given.minutes, server)
            finally:
                is_over.set()
            for ended in living:
                ended.result(timeout=60)
            engine.dispose()
            status = server.stop()
            said = server.log.read_text("utf-8").splitlines()
    print(*_table(tally, faults, samples), sep="\n")
    if given.plot:
        given.plot.write_text(draw(samples), encoding="utf-8")
    odd = [line for line in said if ODD.search(line) and not EXPECTED.search(line)]
    ended_badly = [f"it ended with {status}"] * bool(status)
    few = [] if faults.kills or given.minutes < 1 else ["no worker was killed"]
    return [*tally.wrong, *faults.unexplained(), *samples.wrong(), *odd, *ended_badly, *few]
