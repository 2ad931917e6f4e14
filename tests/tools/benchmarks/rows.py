"""Measurements as rows of the table, each with its reference and its target."""

import statistics
from collections.abc import Iterator
from typing import Any

from tests.tools.benchmarks.bench import SERVED_AT_ONCE, Bench, Key
from tests.tools.benchmarks.load import Load
from tests.tools.benchmarks.peers.serving import PEERS
from tests.tools.benchmarks.table import Row

LIGHT = {
    "details": ("POST /userDetails", "details", 0.70),
    "sign_up": ("POST /userSignUp", "sign_up", 0.75),
    "refuse": ("an invalid form refused", "details", 0.95),
    "read": ("GET /userDetails/{id}", "details", 0.95),
}
"""The title of each work, the bare app's work to compare with, and the minimum ratio."""
TAIL = 50
"""The maximum 99th percentile in milliseconds, with 16 connections."""
HELD_UP = 100
"""The maximum 99th percentile of other requests during hashing, in milliseconds."""
BESIDE_PEERS = "service beside peers"
"""The name of the service when other frameworks are measured in the same rounds."""
PEERS_LEAST = 3.0
"""The minimum ratio to each of the other frameworks."""
HOLDS = 0.85
"""The ratio from which a rate counts as equal to another."""


def _rates(loads: list[Load]) -> list[float]:
    return [load.rate for load in loads]


def _p99(loads: list[Load]) -> float:
    return statistics.median(load.p99 for load in loads)


def _turned_away(loads: list[Load]) -> str:
    count = sum(load.statuses["503+"] for load in loads)
    share = count / max(1, sum(load.statuses.total() for load in loads))
    broken = sum(load.errors.total() for load in loads)
    told = [f"{share:.1%} answered 503"] * bool(count) + [f"{broken} errors"] * bool(broken)
    return ", ".join(told)


def _light(bench: Bench, key: Key, loads: list[Load]) -> Row:
    name, against, least = LIGHT[key.work]
    references = bench.loads[key._replace(server="bare", work=against)]
    has_mark = key.work == "details" and key.connections == 16
    return _row(
        key,
        loads,
        work=f"{name}, SQLite",
        against="bare app",
        references=_rates(references),
        least=least,
        slowest=TAIL if has_mark else None,
    )


def _row(key: Key, loads: list[Load], **given: Any) -> Row:
    return Row(
        kept=key.kept,
        connections=key.connections,
        rates=_rates(loads),
        p99=_p99(loads),
        note=_turned_away(loads),
        **given,
    )


def _hashing(bench: Bench, key: Key, loads: list[Load]) -> Row:
    """The tail latency is that of the light load."""
    alone = bench.alone["argon2"][0 if key.kept else 1 :: 2]
    others = bench.loads[Key("hashing", "both", key.kept, 2)]
    row = _row(
        key,
        loads,
        work="POST /userSignUp with a password",
        against="Argon2id alone",
        references=alone,
        least=0.85,
        slowest=HELD_UP,
    )
    row.p99 = _p99(others)
    row.note = ", ".join(filter(None, [row.note, "p99 of others meanwhile"]))
    return row


def _postgresql(bench: Bench, key: Key, loads: list[Load]) -> Iterator[Row]:
    """Return the row for both instances together."""
    second = bench.loads[key._replace(server="instance 2")]
    number = key.connections * 2
    bare = Key("bare app beside PostgreSQL", "details", key.kept, number)
    compared: dict[str, tuple[list[float], float | None]] = {
        "bare app": (_rates(bench.loads[bare]), 0.65),
        "pgbench": (bench.alone[f"pgbench {number}"], None),
    }
    for against, (references, least) in compared.items():
        work = "POST /userDetails, PostgreSQL, two"
        row = _row(key, loads, work=work, against=against, references=references, least=least)
        row.connections = number
        row.rates = [sum(pair) for pair in zip(row.rates, _rates(second), strict=True)]
        row.p99 = max(row.p99, _p99(second))
        yield row


def _crowd(bench: Bench, key: Key, loads: list[Load]) -> Row:
    references = _rates(bench.loads[key._replace(connections=SERVED_AT_ONCE)])
    work = "POST /userDetails, SQLite"
    return _row(key, loads, work=work, against="itself at 64", references=references, least=HOLDS)


def _peers(bench: Bench, key: Key, loads: list[Load]) -> Iterator[Row]:
    for name in PEERS:
        references = _rates(bench.loads[key._replace(server=name)])
        work = "POST /userDetails, SQLite"
        yield _row(key, loads, work=work, against=name, references=references, least=PEERS_LEAST)


def rows(bench: Bench) -> Iterator[Row]:
    """Yield the rows that were measured, in order."""
    for key, loads in bench.loads.items():
        if key.server == "service":
            yield _light(bench, key, loads)
        elif key.work == "sign_up_with_password":
            yield _hashing(bench, key, loads)
        elif key.server == "instance 1":
            yield from _postgresql(bench, key, loads)
        elif key.server == "crowded service" and key.connections > SERVED_AT_ONCE:
            yield _crowd(bench, key, loads)
        elif key.server == BESIDE_PEERS:
            yield from _peers(bench, key, loads)
