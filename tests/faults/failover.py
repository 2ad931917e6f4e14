"""The primary of two PostgreSQL servers is killed under load, and the standby takes its place."""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import requests
from sqlalchemy import create_engine, text

from tests.faults.givers import Giving, giving
from tests.faults.ledger import Ledger, damage
from tests.faults.wheel import Wheel, wheels
from tests.server import serving

INSTANCES = 2
PATIENCE = 60
"""Seconds in which all has to be well again once the standby is promoted."""
STANDBY = "standby"


def _both(primary: Wheel, standby: Wheel) -> str:
    """The URL of whichever of them may be written."""
    hosts = f"host={primary.address}&host={standby.address}"
    return f"postgresql+psycopg://postgres@/postgres?{hosts}&target_session_attrs=read-write"


def _until(come: Callable[[], bool]) -> float:
    """Seconds that it took to come. Raises `TimeoutError`."""
    began = time.monotonic()
    while not come():
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError(come.__name__)
        time.sleep(0.02)
    return time.monotonic() - began


def _replicate(primary: Wheel, standby: Wheel) -> None:
    """What the primary acknowledges from now on is on the disk of both."""
    primary.makes().starts()
    standby.follows(primary).starts()
    primary.reloads(synchronous_standby_names=STANDBY)
    engine = create_engine(primary.url)
    query = text("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")

    def is_in_step() -> bool:
        with engine.connect() as connection:
            return bool(connection.execute(query).scalar())

    _until(is_in_step)
    engine.dispose()


def _fail_over(load: Giving, primary: Wheel, standby: Wheel, chance: random.Random) -> None:
    """Kill and promote; then all instances have to be ready, and to acknowledge again."""

    def are_ready() -> bool:
        asked = (requests.get(f"{url}/readyz", timeout=20) for url in load.urls)
        return all(answer.status_code == 200 for answer in asked)

    time.sleep(chance.uniform(0.5, 1.5))
    # What is acknowledged while the standby is gone, too, would be lost.
    standby.is_killed()
    time.sleep(0.5)
    primary.is_killed()
    killed = time.monotonic()
    time.sleep(chance.uniform(0.5, 3))
    standby.starts().promoted()
    gone = time.monotonic() - killed
    print(f"no primary for {gone:.1f} s; all ready {_until(are_ready):.1f} s after it was promoted")
    acknowledged = load.ledger.statuses[201]

    def go_on() -> bool:
        return load.ledger.statuses[201] > acknowledged + 50

    print(f"50 more records {_until(go_on):.1f} s later")


def run(given: argparse.Namespace) -> list[str]:
    """What is wrong."""
    chance, ledger = random.Random(given.seed), Ledger()
    with ExitStack() as stack:
        primary, standby = stack.enter_context(wheels(2))
        _replicate(primary, standby)
        settings = {
            "DATABASE_URL": _both(primary, standby),
            "RATELIMIT_PASSWORDS": "",
            "RATELIMIT_TAKEN": "",
        }
        servers = []
        for _ in range(INSTANCES):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            servers.append(stack.enter_context(serving(folder, settings)))
        urls = [server.url for server in servers]
        with giving(urls, ledger, str(given.seed), may_lose=False) as load:
            _fail_over(load, primary, standby, chance)
        engine = create_engine(standby.url)
        wrong = [*ledger.wrong, *ledger.missing_or_half(engine), *damage(engine)]
        engine.dispose()
        for server in servers:
            log = server.log.read_text("utf-8")
            wrong += ["a server's log has a traceback: " + log] * ("Traceback" in log)
    acknowledged = f"{len(ledger.records):,} records, {len(ledger.accounts):,} accounts"
    print(f"{acknowledged} acknowledged, {ledger.statuses[503]:,} answers 503")
    if not ledger.statuses[503]:
        wrong.append("no answer was 503: it was no failover")
    return wrong
