"""The kinds of work, measured in rounds, each against its reference in the same round."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tests.tools.benchmarks import postgresql
from tests.tools.benchmarks.bench import Bench, Key, Target
from tests.tools.benchmarks.kept import missing
from tests.tools.benchmarks.machine import hashes_per_second, sync_milliseconds
from tests.tools.benchmarks.peers import serving
from tests.tools.benchmarks.plot import NUMBERS
from tests.tools.benchmarks.rows import BESIDE_PEERS
from tests.tools.benchmarks.servers import bare, links, service

KINDS = (True, False)
"""Keep-alive connections, and connections that close after each request."""
RECORDS = 2000
REST = 0.5
"""Seconds until the remaining passwords of a load are hashed. No client waits for them, but they
would slow the next measurement."""


@contextmanager
def on_sqlite(bench: Bench, name: str = "service") -> Iterator[Target]:
    """Run the service on SQLite with some records. Finally check that acknowledged data is kept."""
    folder = bench.folder / name
    with service(folder) as server:
        yield Target(name, server.url, links(server.url, RECORDS, bench.folder / f"{name}.links"))
    bench.wrong += missing(f"sqlite:///{folder / 'signup.db'}", bench.of(name))


@contextmanager
def both(bench: Bench, adjective: str = "") -> Iterator[tuple[Target, Target]]:
    with bare() as (url, arbiter), on_sqlite(bench, f"{adjective}service") as ours:
        yield Target(f"{adjective}bare", url, arbiter=arbiter), ours


def sqlite(bench: Bench) -> None:
    """Measure each light work on SQLite, against the bare app."""
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
    """Measure from one connection to more than are served at once."""
    with both(bench, "crowded ") as targets:
        for _ in range(bench.rounds):
            for kept in KINDS:
                for number in NUMBERS:
                    for target in targets:
                        bench.measure(target, "details", kept, number)


def hashing(bench: Bench) -> None:
    """Measure sign-ups with a password against Argon2id alone, with a light load next to them."""
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
    """Measure a loop of write and fdatasync in the database's folder."""
    for _ in range(bench.rounds):
        with bench.others.watched():
            bench.alone["sync"].append(sync_milliseconds(bench.folder, bench.seconds / 2))


def peers(bench: Bench) -> None:
    """Measure new records against the same job done with other frameworks."""
    python = serving.install(bench.folder / "peers")
    with ExitStack() as stack:
        targets = [stack.enter_context(on_sqlite(bench, BESIDE_PEERS))]
        databases = {name: bench.folder / f"{name}.db" for name in serving.PEERS}
        for name, database in databases.items():
            url = stack.enter_context(serving.serve(python, name, database))
            targets.append(Target(name, url))
        for _ in range(bench.rounds):
            for connections in (16, 64):
                for kept in KINDS:
                    for target in targets:
                        bench.measure(target, "details", kept, connections)
    for name, database in databases.items():
        bench.wrong += missing(f"sqlite:///{database}", bench.of(name))


WORKS: dict[str, Callable[[Bench], None]] = {
    "sync": sync,
    "sqlite": sqlite,
    "hashing": hashing,
    "postgresql": postgresql.measure,
    "connections": connections,
    "peers": peers,
}
