"""`python -m tests.tools.abuse --seconds 30`: abusive clients, while polite clients are served.

It prints the latency of the polite clients, and exits 1 for an unexpected or late response, for a
smuggled request, or for an error in the server's log. With fewer seconds than `SLOWEST`, there are
no slow clients.
"""

import argparse
import random
import socket
import struct
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.clients import Client, RawResponse, post, request_once
from tests.serving import Server, serving
from tests.tools.abuse_cases import CASES, LEAVES, SLOW
from tests.tools.abuse_judge import stored, wrong
from tests.tools.abuse_smuggled import WHOLE, Case

SLOWEST = 25
"""Seconds until a slow client is refused: its request must be complete within 20."""
LATE = 15
"""Seconds until any other response, except for requests that are waited for, which take 20."""
BUSY = 10
"""For a busy machine, this many times the polite clients' 99th percentile is added to both."""


def responses_to(server: Server, case: Case) -> list[RawResponse]:
    """Return all responses to these bytes. No connection may break before they are read."""
    with Client(server) as client:
        client.send(case.sent)
        while case.pause and not client.has_data():
            client.send(b"x")
            time.sleep(case.pause)
        client.end_sending()
        answers = []
        while client.gets_response():
            answers.append(client.receive())
        return answers


def send_and_reset(server: Server, sent: bytes) -> None:
    """Send these bytes, and reset the connection."""
    with Client(server) as client:
        client.send(sent)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class TriedCase(NamedTuple):
    """The result of a case: its violations, its duration, and its maximum duration in seconds."""

    name: str
    breaches: list[str]
    seconds: float
    most: float

    def wrong(self, more: float) -> list[str]:
        """Return the violations; a response may take `more` seconds than its limit."""
        late = [f"late, after {self.seconds:.1f} s"] * (self.seconds > self.most + more)
        return [f"{self.name}: {breach}" for breach in [*self.breaches, *late]]


def _tried(server: Server, name: str, case: Case, most: float) -> TriedCase:
    began = time.monotonic()
    try:
        found = wrong(case, responses_to(server, case))
    except (OSError, AssertionError) as error:
        found = [repr(error)]
    return TriedCase(name, found, time.monotonic() - began, most)


def _abuse(server: Server, seed: int, until: float) -> list[TriedCase]:
    chance, tried = random.Random(seed), []
    while time.monotonic() < until:
        name = chance.choice([*CASES, *LEAVES])
        if name in LEAVES:
            send_and_reset(server, LEAVES[name](chance))
        else:
            tried.append(_tried(server, name, CASES[name], LATE))
    return tried


def _ask_politely(server: Server, until: float) -> list[float]:
    took = []
    while time.monotonic() < until:
        began = time.monotonic()
        assert request_once(server, post(WHOLE)).status == 201
        took.append(time.monotonic() - began)
        time.sleep(0.01)
    return took


def main() -> None:
    """Run the abusive and the polite clients, and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--abusers", type=int, default=4)
    said = parser.parse_args()
    slow = SLOW if said.seconds >= SLOWEST else {}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        until = time.monotonic() + said.seconds
        with ThreadPoolExecutor(said.abusers + 2) as pool, ThreadPoolExecutor(len(SLOW)) as patient:
            polite = [pool.submit(_ask_politely, server, until) for _ in range(2)]
            slowly = [patient.submit(_tried, server, n, slow[n], SLOWEST) for n in slow]
            abusers = [
                pool.submit(_abuse, server, said.seed + n, until) for n in range(said.abusers)
            ]
            took = sorted(second for each in polite for second in each.result())
            tried = [each.result() for each in slowly]
            tried += [case for each in abusers for case in each.result()]
        p99 = took[len(took) * 99 // 100]
        found = [line for each in tried for line in each.wrong(BUSY * p99)]
        if stored(server)[1]:
            found.append("a request was smuggled")
        log = server.log.read_text()
        found += [f"the log: {w}" for w in ("Traceback", "undeclared response") if w in log]
    sys.stdout.write(f"seed {said.seed}: {len(slow)} slow clients, {len(took)} polite requests, ")
    sys.stdout.write(f"p99 {p99 * 1000:.0f} ms, longest {took[-1]:.2f} s\n")
    sys.exit("\n".join(found) or None)


if __name__ == "__main__":
    main()
