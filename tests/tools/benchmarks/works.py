"""The works: what is measured by turns, in rounds, each against its reference in the same round."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.tools.benchmarks import postgresql
from tests.tools.benchmarks.bench import Bench, Key, Target
from tests.tools.benchmarks.kept import missing
from tests.tools.benchmarks.machine import hashes_per_second, sync_milliseconds
from tests.tools.benchmarks.plot import NUMBERS
from tests.tools.benchmarks.servers import bare, links, service

KINDS = (True, False)
"""Kept connections, and such as close after each request."""
RECORDS = 2000
REST = 0.5
"""Seconds in which the passwords are hashed that a load leaves behind: no client waits for them any
more, and they would be counted against what comes next."""


@contextmanager
def on_sqlite(bench: Bench, name: str = "service") -> Iterator[Target]:
    """The service on SQLite, with some records; in the end all that it acknowledged is there."""
    folder = bench.folder / name
    with service(folder) as server:
        yield Target(name, server.url, links(server.url, RECORDS, bench.folder / f"{name}.links"))
    bench.wrong += missing(f"sqlite:///{folder / 'signup.db'}", bench.of(name))


@contextmanager
def both(bench: Bench, adjective: str = "") -> Iterator[tuple[Target, Target]]:
    with bare() as (url, arbiter), on_sqlite(bench, f"{adjective}service") as ours:
        yield Target(f"{adjective}bare", url, arbiter=arbiter), ours


def sqlite(bench: Bench) -> None:
    """Each light work on SQLite, against the bare app."""
    with both(bench) as (theirs, ours):
        for _ in range(bench.rounds):
            for connections in (16, 64):
                for kept in KINDS:
                    bench.measure(theirs, "details", kept, connections)
                    for work in ("details", "refuse", "read"):
                        bench.measure(ours, work, kept, connections)
                    bench.measure(theirs, "sign_up", kept, connections)
                    bench.measure(ours, "sign_up", kept, connections)


def connections(bench: Bench) -> None:
    """From one connection to more than are served at once."""
    with both(bench, "crowded ") as targets:
        for _ in range(bench.rounds):
            for kept in KINDS:
                for number in NUMBERS:
                    for target in targets:
                        bench.measure(target, "details", kept, number)


def hashing(bench: Bench) -> None:
    """Sign-ups with a password, against Argon2id alone; meanwhile others ask a little."""
    with on_sqlite(bench, "hashing") as ours:
        for _ in range(bench.rounds):
            for kept in KINDS:
                time.sleep(REST)
                with bench.others.watched():
                    bench.alone["argon2"].append(hashes_per_second(bench.seconds))
                with bench.others.watched():
                    loads = {
                        Key("hashing", "sign_up_with_password", kept, 16): 0,
                        Key("hashing", "both", kept, 2): 100,
                    }
                    running = {
                        key: bench.start(ours, key.work, kept, key.connections, pause)
                        for key, pause in loads.items()
                    }
                    for key, wrk in running.items():
                        bench.keep(key, wrk.result())


def sync(bench: Bench) -> None:
    """A loop of write and fdatasync where the database lies."""
    for _ in range(bench.rounds):
        with bench.others.watched():
            bench.alone["sync"].append(sync_milliseconds(bench.folder, bench.seconds / 2))


WORKS: dict[str, Callable[[Bench], None]] = {
    "sync": sync,
    "sqlite": sqlite,
    "hashing": hashing,
    "postgresql": postgresql.measure,
    "connections": connections,
}
