"""Random faults during a run, determined by the seed."""

import random
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress

import psutil
from sqlalchemy import Engine, text

from tests.serving import Server
from tests.tools.faults.caller import Caller, Request
from tests.tools.faults.mixed import Tally

EVERY = 10.0
"""The average number of seconds between faults."""
KILLED_FOR = 3.0
"""Seconds around the kill of a worker in which a response may be lost."""


class Faults:
    """The faults of a server with this database.

    Its rate limits use `redis`, an address without a Redis.
    """

    def __init__(self, server: Server, engine: Engine, redis: int, tally: Tally, seed: int) -> None:
        self.server, self.engine, self.redis, self.tally = server, engine, redis, tally
        self.random = random.Random(f"{seed} faults")
        self.befell: Counter[str] = Counter()
        self.kills: list[float] = []

    def befall(self, is_over: threading.Event) -> None:
        """Cause one fault after another, until `is_over` is set."""
        kinds: list[Callable[[], None]] = [
            self.clients_break_off,
            self.slow_clients,
            self.database_locked,
            self.worker_killed,
            self.redis_says_nothing,
        ]
        while not is_over.wait(self.random.expovariate(1 / EVERY)):
            fault = self.random.choice(kinds)
            self.befell[fault.__name__.replace("_", " ")] += 1
            fault()

    def clients_break_off(self) -> None:
        caller = Caller(self.server.url)
        for _ in range(20):
            asked = Request("POST", "/userDetails", {"username": "sam", "lastname": "king"})
            share = self.random.choice([0.1, 0.5, 0.9, 1.0])
            with suppress(OSError):
                caller.break_off(asked, after=share, reset=self.random.random() < 0.5)

    def slow_clients(self) -> None:
        """Twenty clients that send a byte at a time, and then stop."""
        port = Caller(self.server.url).port
        slow = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(20)]
        for byte in b"POST /userDetails HTTP/1.1\r\nHost: loc":
            for sock in slow:
                with suppress(OSError):
                    sock.sendall(bytes([byte]))
            time.sleep(0.1)
        for sock in slow:
            threading.Timer(25, sock.close).start()

    def database_locked(self) -> None:
        """Sometimes for longer than the service's timeout."""
        seconds = self.random.choice([0.5, 2.0, 7.0])
        if self.engine.dialect.name == "sqlite":
            file = str(self.engine.url.database)
            with closing(sqlite3.connect(file, isolation_level=None, timeout=20)) as another:
                another.execute("BEGIN IMMEDIATE")
                time.sleep(seconds)
                another.execute("ROLLBACK")
            return
        with self.engine.connect().execution_options(isolation_level="READ COMMITTED") as another:
            another.execute(text("LOCK TABLE accounts, user_details IN EXCLUSIVE MODE"))
            time.sleep(seconds)
            another.rollback()

    def worker_killed(self) -> None:
        """The youngest worker, so that the oldest one lives long enough to be judged."""
        workers = psutil.Process(self.server.process.pid).children()
        with suppress(psutil.NoSuchProcess):
            max(workers, key=lambda worker: worker.create_time()).kill()
            self.kills.append(time.monotonic())

    def redis_says_nothing(self) -> None:
        """Accept connections in Redis's place without responding, and then close."""
        with socket.create_server(("127.0.0.1", self.redis)) as listener:
            listener.settimeout(3)
            with suppress(TimeoutError):
                taken, _ = listener.accept()
                time.sleep(2)
                taken.close()

    def unexplained(self) -> list[str]:
        """Return the responses that were lost although no worker was killed at the time."""
        return [
            f"lost without a reason: {said}"
            for at, said in self.tally.lost
            if not any(-0.1 <= at - kill <= KILLED_FOR for kill in self.kills)
        ]
