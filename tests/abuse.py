"""`python -m tests.abuse --seconds 30`: abusers at work while polite clients are served.

It prints how long the polite ones waited, and exits 1 for any answer that a case may not have, for
one that came late, or if the server's log tells of a fault.
"""

import argparse
import random
import socket
import struct
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tests.abuse_cases import CASES, LEAVES, WHOLE, Case
from tests.clients import Client, one, post
from tests.server import Server, serving

LATE = 30
"""Seconds that no answer takes: a request has 20 to come whole."""


def heard(server: Server, case: Case) -> list[int]:
    """The statuses of all answers to these bytes, after which nothing but spaces may be sent."""
    said = b""
    with Client(server) as client:
        client.sock.settimeout(LATE)
        with suppress(ConnectionError, BrokenPipeError):  # It was refused while it sent.
            client.says(case.sent)
            for _ in range(0 if not case.pause else LATE):
                if client.is_told():
                    break
                client.says(b"x")
                time.sleep(case.pause)
        with suppress(OSError):  # It may have gone by itself.
            client.ends()
        with suppress(ConnectionResetError):
            while piece := client.sock.recv(65536):
                said += piece
    return [int(line[:3]) for line in said.split(b"HTTP/1.1 ")[1:]]


def leave(server: Server, sent: bytes) -> None:
    """Say this, and break the connection off."""
    with Client(server) as client:
        client.says(sent)
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def is_as_it_may_be(name: str, statuses: list[int]) -> bool:
    """Whether these are a case's answers: one for a request, none for one hidden in another."""
    most = 50 if name == "50 at once" else 1
    return set(statuses) <= CASES[name].may and len(statuses) <= most


def _abuse(server: Server, seed: int, until: float) -> list[str]:
    chance, wrong = random.Random(seed), []
    while time.monotonic() < until:
        name = chance.choice([*CASES, *LEAVES])
        began = time.monotonic()
        if name in LEAVES:
            leave(server, LEAVES[name](chance))
        elif not is_as_it_may_be(name, statuses := heard(server, CASES[name])):
            wrong.append(f"{name}: {statuses}")
        if time.monotonic() > began + LATE:
            wrong.append(f"{name}: late")
    return wrong


def _ask_politely(server: Server, until: float) -> list[float]:
    took = []
    while time.monotonic() < until:
        began = time.monotonic()
        assert one(server, post(WHOLE)).status == 201
        took.append(time.monotonic() - began)
        time.sleep(0.01)
    return took


def main() -> None:
    """Abuse, measure, and say how it went."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--abusers", type=int, default=4)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        until = time.monotonic() + said.seconds
        with ThreadPoolExecutor(said.abusers + 2) as pool:
            polite = [pool.submit(_ask_politely, server, until) for _ in range(2)]
            seeds = range(said.seed, said.seed + said.abusers)
            abusers = [pool.submit(_abuse, server, seed, until) for seed in seeds]
            took = sorted(second for each in polite for second in each.result())
            wrong = [line for each in abusers for line in each.result()]
        log = server.log.read_text()
        wrong += [f"the log: {w}" for w in ("Traceback", "undeclared answer") if w in log]
    sys.stdout.write(f"seed {said.seed}: {len(took)} polite requests, ")
    sys.stdout.write(f"p99 {took[len(took) * 99 // 100] * 1000:.0f} ms, longest {took[-1]:.2f} s\n")
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
