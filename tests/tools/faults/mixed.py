"""A mixed load, with the allowed statuses of each request."""

import itertools
import json
import random
import time
from collections import Counter
from contextlib import suppress
from threading import Event, Lock

from tests.actor import PASSWORD
from tests.tools.faults.caller import Caller, Lost, Request, Response

NAMES = ["john", "Zoë", "李", "O'Neill", "  padded ", "😀", "x" * 150, ""]
SHARES = {
    "gives details": 30,
    "reads them": 25,
    "deletes them": 8,
    "signs up": 14,
    "signs up with a password": 3,
    "takes a taken name": 4,
    "gives an invalid form": 8,
    "has wrong credentials": 2,
    "reads their own": 2,
    "looks for what isn't there": 2,
    "sends no form": 1,
    "accepts nothing": 1,
}
"""The number of requests of each kind in a hundred."""
KEPT = 200
"""The maximum number of records that a client remembers, to bound its memory."""


class Tally:
    """The statuses that all clients got, and the violations."""

    def __init__(self) -> None:
        self.guard = Lock()
        self.answers: Counter[tuple[str, int]] = Counter()
        self.lost: list[tuple[float, str]] = []
        self.wrong: list[str] = []
        self.slowest = 0.0

    def keep(self, kind: str, answer: Response, predicted: set[int]) -> None:
        with self.guard:
            self.answers[kind, answer.status] += 1
            self.slowest = max(self.slowest, answer.seconds)
            if answer.status not in predicted and not answer.is_true_503:
                self.wrong.append(f"{kind}: {answer.status} {answer.body!r}")
            self.wrong += [f"{kind}: {answer.status}: {breach}" for breach in answer.breaches]

    def lose(self, error: Lost) -> None:
        with self.guard:
            self.lost.append((time.monotonic(), str(error)))


class Person:
    """A client that chooses its requests at random, from the seed."""

    def __init__(self, number: int, seed: int, url: str, tally: Tally) -> None:
        self.random = random.Random(f"{seed} {number}")
        self.caller, self.tally = Caller(url), tally
        self.names = (f"p{number}.{n}" for n in itertools.count())
        self.records: dict[str, dict[str, str]] = {}
        self.accounts: list[str] = []
        self.name = ""

    def lives(self, rate: float, is_over: Event) -> None:
        """Send `rate` requests per second on average, until `is_over` is set."""
        while not is_over.wait(self.random.expovariate(rate)):
            if self.random.random() < 0.1:
                self.caller.close()
            kind = self.random.choices(list(SHARES), list(SHARES.values()))[0]
            with suppress(Lost):
                self._does(kind)
        self.caller.close()

    def details(self) -> dict[str, str]:
        first, last = self.random.choice(NAMES), self.random.choice(NAMES[:-1])
        return {"username": "sam", "firstname": first, "lastname": last}

    def _asks(self, kind: str, predicted: int | set[int], asked: Request) -> Response:
        try:
            answer = self.caller.asks(asked)
        except Lost as error:
            self.tally.lose(error)
            raise
        self.tally.keep(kind, answer, {predicted} if isinstance(predicted, int) else predicted)
        return answer

    def _does(self, kind: str) -> None:
        form, link = self.details(), next(reversed(self.records), "")
        if kind == "gives details" or ("them" in kind and not link):
            answer = self._asks(kind, 201, Request("POST", "/userDetails", form))
            if answer.status == 201:
                self.records[answer.headers["Location"]] = form
                if len(self.records) > KEPT:
                    del self.records[next(iter(self.records))]
        elif kind == "reads them":
            self._reads(kind, self.random.choice(list(self.records)))
        elif kind == "deletes them":
            del self.records[link]  # Forgotten, whether or not the deletion succeeds.
            self._asks(kind, 204, Request("DELETE", link))
        elif kind.startswith("signs up"):
            password = {"password": PASSWORD} if "password" in kind else {}
            name = next(self.names)
            asked = Request("POST", "/userSignUp", {"username": name} | password)
            if self._asks(kind, 200, asked).status == 200:
                self.name = name
                self.accounts += [name] if password else []
        else:
            self._does_odd(kind, form)

    def _does_odd(self, kind: str, form: dict[str, str]) -> None:
        account = self.accounts[-1] if self.accounts else ""
        post, own = "/userDetails", {200, 404} if account else 401
        taken = {"username": self.name.upper() or "?"}
        predicted, asked = {
            "takes a taken name": (
                409 if self.name else 400,
                Request("POST", "/userSignUp", taken),
            ),
            "gives an invalid form": (400, Request("POST", post, form | {"lastname": "\x07"})),
            "has wrong credentials": (401, Request("POST", post, form, ("nobody", PASSWORD))),
            "reads their own": (own, Request("GET", post, auth=(account, PASSWORD))),
            "looks for what isn't there": (404, Request("GET", f"{post}/{'0' * 8}-none")),
            "sends no form": (415, Request("POST", post, form, content_type="text/plain")),
            "accepts nothing": (406, Request("POST", post, form, accept="image/png")),
        }[kind]
        self._asks(kind, predicted, asked)

    def _reads(self, kind: str, link: str) -> None:
        answer, form = self._asks(kind, 200, Request("GET", link)), self.records[link]
        if answer.status == 200:
            found = json.loads(answer.body)
            given = form | {"firstname": form["firstname"] or None}
            if {name: found[name] for name in given} != given:
                with self.tally.guard:
                    self.tally.wrong.append(f"{link} is {found}, and was {form}")
