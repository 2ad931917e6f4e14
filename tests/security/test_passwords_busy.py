"""The number of concurrent hashes is limited. Further requests wait in order, up to a timeout.

The hasher waits until a test lets it continue, and the test sets the clock, so that no test depends
on the speed of the machine.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock, Semaphore
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from werkzeug.test import TestResponse

from api.security.passwords import Busy, Passwords
from tests.actor import PASSWORD, Someone, assert_problem
from tests.security.test_fair_semaphore import Clock

MANY = 50
EVERY_ONE = 1000
OWN_PASSWORD = "a password for number {}"
ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Held(PasswordHasher):
    """A hasher that computes only as many hashes as a test allows, and records the passwords."""

    def __init__(self) -> None:
        super().__init__(time_cost=2, memory_cost=8, parallelism=1)
        self.allowed, self._lock = Semaphore(0), Lock()
        self.now, self.most, self.passwords = 0, 0, list[str]()

    def allow(self, number: int = EVERY_ONE) -> None:
        self.allowed.release(number)

    def _wait(self, password: str | bytes) -> None:
        with self._lock:
            self.passwords.append(str(password))
            self.now += 1
            self.most = max(self.most, self.now)
        assert self.allowed.acquire(timeout=60)
        with self._lock:
            self.now -= 1

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self._wait(password)
        return super().hash(password, salt=salt)

    def verify(self, hash: Any, password: str | bytes) -> Any:
        self._wait(password)
        return super().verify(hash, password)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in "fair_semaphore", "passwords":
        monkeypatch.setattr(
            f"api.security.{module}.time", SimpleNamespace(monotonic=clock.monotonic)
        )
    return clock


class Queue:
    """An app that hashes `slots` passwords at once, and the requests that a test sends to it."""

    def __init__(self, app: Flask, threads: ThreadPoolExecutor, clock: Clock, slots: int) -> None:
        self.app, self._threads, self.clock = app, threads, clock
        self.hasher = Held()
        self.hasher.allow(1)  # The service hashes one password when it starts.
        self.passwords = app.extensions["passwords"] = Passwords(slots, self.hasher)
        self.hasher.passwords.clear()

    def someone(self) -> Someone:
        return Someone(self.app.test_client())

    def send(self, act: Callable[[Someone], TestResponse]) -> Future[TestResponse]:
        """Send a request. On return, it is hashing or waiting."""
        load = self.passwords.load()
        sent = self._threads.submit(act, self.someone())
        self.until(lambda: self.passwords.load() != load)
        self.until(lambda: self.passwords.load()[1] == self.hasher.now)
        return sent

    def signs_up(self, name: str) -> Future[TestResponse]:
        return self.send(lambda someone: someone.signs_up(name, OWN_PASSWORD.format(name)))

    def until(self, is_so: Callable[[], object]) -> None:
        deadline = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < deadline, self.passwords.load()
            time.sleep(0.001)


@pytest.fixture
def make_queue(app: Flask, ada: Someone, clock: Clock) -> Iterator[Callable[[int], Queue]]:
    """Return a function that makes a `Queue`. Ada's hash is outdated for `Held`."""
    made: list[Queue] = []
    with ThreadPoolExecutor(MANY) as threads:

        def make(slots: int) -> Queue:
            made.append(Queue(app, threads, clock, slots))
            return made[-1]

        yield make
        for queue in made:
            queue.hasher.allow()


@pytest.fixture
def queue(make_queue: Callable[[int], Queue]) -> Queue:
    """A queue with one slot."""
    return make_queue(1)


def test_as_many_are_hashed_at_once_as_there_are_slots_and_all_that_wait_are_served(
    make_queue: Callable[[int], Queue],
) -> None:
    """Checklist 33."""
    queue = make_queue(2)

    def ask(number: int) -> Future[TestResponse]:
        if number % 2:
            return queue.send(lambda someone: someone.signs_in("ada").reads_own())
        return queue.signs_up(f"user{number}")

    asked = [ask(number) for number in range(MANY)]
    assert queue.passwords.load() == (MANY - 2, 2)
    assert not any(sent.done() for sent in asked)
    # A request that needs no hash doesn't wait.
    assert queue.someone().signs_up("bare").status_code == 200
    assert queue.someone().gives_details().status_code == 201
    queue.hasher.allow()
    statuses = [sent.result(60).status_code for sent in asked]
    assert statuses == [200, 404] * (MANY // 2)
    assert queue.hasher.most == 2
    assert queue.passwords.load() == (0, 0)


@ONE_DATABASE
def test_passwords_are_hashed_in_the_order_in_which_they_came(queue: Queue) -> None:
    asked = [queue.signs_up(name) for name in "abcdef"]
    queue.hasher.allow()
    assert [sent.result(60).status_code for sent in asked] == [200] * 6
    assert queue.hasher.passwords == [OWN_PASSWORD.format(name) for name in "abcdef"]


@pytest.mark.parametrize("act", ["signs_up", "reads_own", "gives_details"])
def test_a_request_that_waits_for_over_five_seconds_is_503_and_changes_nothing(
    queue: Queue, act: str
) -> None:
    """Checklist 14: a later request succeeds, and so does a retry of the refused one."""
    acts: dict[str, Callable[[Someone], TestResponse]] = {
        "signs_up": lambda someone: someone.signs_up("late", PASSWORD),
        "reads_own": lambda someone: someone.signs_in("ada").reads_own(),
        "gives_details": lambda someone: someone.signs_in("ada").gives_details(username="ada"),
    }
    first, late = queue.signs_up("first"), queue.send(acts[act])
    queue.clock.now += 4.9
    in_time = queue.signs_up("second")
    queue.clock.now += 0.2
    queue.hasher.allow()
    assert first.result(60).status_code == in_time.result(60).status_code == 200
    refused = late.result(60)
    assert_problem(refused, 503)
    queue.clock.now += int(refused.headers["Retry-After"])
    again = acts[act](queue.someone())
    assert again.status_code in (200, 201, 404), again.text


@ONE_DATABASE
def test_a_request_that_waits_for_five_seconds_is_served(queue: Queue) -> None:
    asked = [queue.signs_up(name) for name in "ab"]
    queue.clock.now += 5
    queue.hasher.allow()
    assert [sent.result(60).status_code for sent in asked] == [200, 200]


@ONE_DATABASE
@pytest.mark.parametrize(
    ("slots", "seconds", "behind", "expected"),
    [(1, 5.5, 0, 1), (1, 6, 1, 6), (1, 5.1, 3, 16), (2, 6, 3, 12), (2, 5.1, 1, 6)],
)
def test_the_retry_after_of_a_503_is_the_time_of_the_queue(
    make_queue: Callable[[int], Queue],
    slots: int,
    seconds: float,
    behind: int,
    expected: int,
) -> None:
    """Checklist 14: so that requests that are refused together don't retry together."""
    queue = make_queue(slots)
    # One hash ends after this time; the others continue.
    hashing = [queue.signs_up(f"first{number}") for number in range(slots)]
    late = queue.signs_up("late")
    queue.clock.now += seconds
    waiting = [queue.signs_up(f"behind{number}") for number in range(behind)]
    queue.hasher.allow(1)
    refused = late.result(60)
    assert_problem(refused, 503)
    assert refused.headers["Retry-After"] == str(expected)
    queue.hasher.allow()
    assert {sent.result(60).status_code for sent in [*hashing, *waiting]} == {200}


@ONE_DATABASE
def test_a_request_that_hashes_twice_queues_once(queue: Queue) -> None:
    """A sign-in with an outdated hash waits for at most one other hash the second time."""
    ada = queue.send(lambda someone: someone.signs_in("ada").reads_own())
    others = [queue.signs_up(name) for name in "abc"]
    queue.hasher.allow(1)
    queue.until(lambda: queue.hasher.passwords[1:] and queue.passwords.load() == (3, 1))
    queue.hasher.allow()
    assert ada.result(60).status_code == 404
    assert {sent.result(60).status_code for sent in others} == {200}
    a, b, c = (OWN_PASSWORD.format(name) for name in "abc")
    assert queue.hasher.passwords == [PASSWORD, a, PASSWORD, b, c]


def test_each_hash_outside_of_a_request_queues(clock: Clock) -> None:
    """The operator's commands hash outside a request."""
    hasher = Held()
    hasher.allow(1)
    some = Passwords(1, hasher, timeout=3)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(some.hash, "one")
        while some.load() != (0, 1):
            time.sleep(0.001)
        second = threads.submit(some.verify, None, "two")
        while some.load() != (1, 1):
            time.sleep(0.001)
        clock.now += 3.1
        hasher.allow()
        assert first.result(60)
        with pytest.raises(Busy) as busy:
            second.result(60)
    assert busy.value.retry_after == 1
