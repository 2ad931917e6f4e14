"""Failover: kill the primary of two PostgreSQL servers under load, and promote the standby."""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import requests
from sqlalchemy import NullPool, create_engine, text

from tests.serving import serving
from tests.tools.faults.givers import Giving, giving
from tests.tools.faults.ledger import Ledger, damage
from tests.tools.faults.wheel import Wheel, wheels

INSTANCES = 2
PATIENCE = 120
"""Seconds until the service must have recovered after the promotion, so that a run can't hang."""
REFUSED = 10
"""The number of requests that get 503 before the standby is promoted."""
STANDBY = "standby"
IN_STEP = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
WAITS_FOR_STANDBY = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


def _both(primary: Wheel, standby: Wheel) -> str:
    """Return a URL that connects to the server that accepts writes."""
    hosts = f"host={primary.address}&host={standby.address}"
    return f"postgresql+psycopg://postgres@/postgres?{hosts}&target_session_attrs=read-write"


def _until(come: Callable[[], bool]) -> float:
    """Wait for the condition, and return the seconds that it took. Raises `TimeoutError`."""
    began = time.monotonic()
    while not come():
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError("it never came")
        time.sleep(0.02)
    return time.monotonic() - began


def _replicate(primary: Wheel, standby: Wheel) -> None:
    """From now on, acknowledged transactions are on the disks of both servers."""
    primary.makes().starts()
    standby.follows(primary).starts()
    primary.reloads(synchronous_standby_names=STANDBY)
    _until(lambda: _finds(primary, IN_STEP))


def _finds(server: Wheel, query: str) -> bool:
    """Return whether the query counts any rows on this server."""
    engine = create_engine(server.url, poolclass=NullPool)
    with engine.connect() as connection:
        return bool(connection.execute(text(query)).scalar())


def _fail_over(load: Giving, primary: Wheel, standby: Wheel, chance: random.Random) -> None:
    """Kill the primary, and promote the standby. Then all instances must accept writes again."""

    def are_ready() -> bool:
        asked = (requests.get(f"{url}/readyz", timeout=60) for url in load.urls)
        return all(answer.status_code == 200 for answer in asked)

    load.until_acknowledged(chance.randint(50, 300))
    # Otherwise writes acknowledged without the standby would be lost.
    standby.is_killed()
    _until(lambda: _finds(primary, WAITS_FOR_STANDBY))
    primary.is_killed()
    killed = time.monotonic()
    load.until_refused(chance.randint(REFUSED, 3 * REFUSED))
    standby.starts().promoted()
    gone = time.monotonic() - killed
    print(f"no primary for {gone:.1f} s; all ready {_until(are_ready):.1f} s after it was promoted")
    acknowledged = load.ledger.statuses[201]

    def go_on() -> bool:
        return load.ledger.statuses[201] > acknowledged + 50

    print(f"50 more records {_until(go_on):.1f} s later")


def run(given: argparse.Namespace) -> list[str]:
    """Run it, and return what is wrong."""
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
