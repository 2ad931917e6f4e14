"""Rounds of SIGKILL under load: acknowledged data is kept, and no row is incomplete."""

import argparse
import os
import random
import signal
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import psutil
from sqlalchemy import create_engine

from tests.serving import Server, serving
from tests.tools.faults.givers import giving
from tests.tools.faults.ledger import Ledger, damage
from tests.tools.faults.wheel import Wheel, wheels

KINDS = {
    "sqlite": ["the server", "the server", "a worker"],
    "postgresql": ["the server", "a worker", "PostgreSQL", "PostgreSQL", "both"],
}
"""The processes to kill, each equally likely."""
ACKNOWLEDGED = (1, 200)
"""The bounds of the random number of acknowledged requests before the kill."""
AFTERWARDS = 20
"""The number of requests between the kill and the end of the load."""


def _kill(kind: str, server: Server, wheel: Wheel | None, chance: random.Random) -> None:
    if kind == "a worker":
        chance.choice(psutil.Process(server.process.pid).children()).kill()
    if kind in ("the server", "both"):
        os.killpg(server.process.pid, signal.SIGKILL)
    if wheel and kind in ("PostgreSQL", "both"):
        wheel.is_killed()
        wheel.starts()


def run(given: argparse.Namespace) -> list[str]:
    """Run it, and return what is wrong."""
    chance, ledger, killed = random.Random(given.seed), Ledger(), Counter[str]()
    wrong: list[str] = []
    on_server = given.database == "postgresql"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = stack.enter_context(wheels(int(on_server)))
        wheel = found[0].makes().starts() if found else None
        url = wheel.url if wheel else f"sqlite:///{folder / 'signup.db'}"
        settings = {"DATABASE_URL": url, "RATELIMIT_PASSWORDS": "", "RATELIMIT_TAKEN": ""}
        running = stack.enter_context(ExitStack())
        server = running.enter_context(serving(folder, settings))
        engine = create_engine(url, pool_pre_ping=True)
        for number in range(given.rounds):
            kind = chance.choice(KINDS[given.database])
            with giving([server.url], ledger, f"{given.seed} {number}", may_lose=True) as load:
                load.until_acknowledged(chance.randint(*ACKNOWLEDGED))
                _kill(kind, server, wheel, chance)
                load.until_sent(AFTERWARDS)
            killed[kind] += 1
            if kind in ("the server", "both"):
                running.close()
                server = running.enter_context(serving(folder, settings))
            found_wrong = [*ledger.missing_or_half(engine), *damage(engine)]
            wrong += [f"round {number}, {kind} killed: {said}" for said in found_wrong]
        log = server.log.read_text("utf-8")
        wrong += ["the server's log has a traceback: " + log] * ("Traceback" in log)
        engine.dispose()
    print(*(f"{kind} killed {n} times" for kind, n in killed.items()), sep="\n")
    print(
        f"{len(ledger.records):,} records, {len(ledger.accounts):,} accounts acknowledged", end=""
    )
    unknown = len(ledger.asked) - ledger.statuses.total()
    print(f", {ledger.statuses[503]:,} answers 503, {unknown:,} lost")
    return ledger.wrong + wrong
