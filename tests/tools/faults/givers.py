"""Clients that submit details and sign up as fast as they get responses, and keep a ledger."""

import itertools
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from tests.actor import PASSWORD
from tests.tools.faults.caller import Caller, Lost, Request, Response
from tests.tools.faults.ledger import Ledger
from tests.tools.faults.mixed import NAMES

GIVERS = 6
PATIENCE = 120
"""Seconds after which a load without progress is given up, so that a run can't hang."""
_numbers = itertools.count()


class Giving:
    """The clients of one load, each at one of these URLs."""

    def __init__(self, urls: list[str], ledger: Ledger, seed: str, *, may_lose: bool) -> None:
        self.urls, self.ledger, self.seed = urls, ledger, seed
        self.may_lose, self.is_over = may_lose, Event()
        self.notify: Callable[[Response], None] = lambda _: None

    def until_acknowledged(self, number: int) -> None:
        """Wait until `number` more requests are acknowledged."""
        statuses = self.ledger.statuses
        self._until(lambda: statuses[200] + statuses[201], number)

    def until_refused(self, number: int) -> None:
        """Wait until `number` more requests get 503."""
        self._until(lambda: self.ledger.statuses[503], number)

    def until_sent(self, number: int) -> None:
        """Wait until `number` more requests are sent, whether or not they succeed."""
        self._until(lambda: len(self.ledger.asked), number)

    def _until(self, count: Callable[[], int], number: int) -> None:
        wanted, deadline = count() + number, time.monotonic() + PATIENCE
        while count() < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{count()} of {wanted} requests, and no more")
            time.sleep(0.005)

    def give(self, number: int) -> None:
        chance = random.Random(f"{self.seed} {number}")
        caller = Caller(self.urls[number % len(self.urls)])
        while not self.is_over.is_set():
            name = f"Giver{number}.{next(_numbers)}"
            form, path = {"username": name}, "/userSignUp"
            if (kind := chance.random()) < 0.6:
                path = "/userDetails"
                form |= {"firstname": chance.choice(NAMES), "lastname": chance.choice(NAMES[:-1])}
            elif kind < 0.65:
                form["password"] = PASSWORD
            self.ledger.asked[name] = form
            try:
                answer = caller.asks(Request("POST", path, form))
            except Lost as error:
                if not self.may_lose:
                    self.ledger.wrong.append(str(error))
                time.sleep(0.02)
                continue
            self._keep(name, answer)
        caller.close()

    def _keep(self, name: str, answer: Response) -> None:
        self.ledger.statuses[answer.status] += 1
        self.ledger.wrong += answer.breaches
        if answer.status == 201:
            self.ledger.records[name] = answer.headers["Location"].rpartition("/")[2]
        elif answer.status == 200:
            self.ledger.accounts.add(name)
        elif answer.is_true_503:
            time.sleep(0.02)
        else:
            self.ledger.wrong.append(f"{name}: {answer}")
        self.notify(answer)


@contextmanager
def giving(urls: list[str], ledger: Ledger, seed: str, *, may_lose: bool) -> Iterator[Giving]:
    """Run a load during the block."""
    load = Giving(urls, ledger, seed, may_lose=may_lose)
    with ThreadPoolExecutor(GIVERS) as pool:
        given = [pool.submit(load.give, number) for number in range(GIVERS)]
        try:
            yield load
        finally:
            load.is_over.set()
        for future in given:
            future.result(timeout=PATIENCE)
