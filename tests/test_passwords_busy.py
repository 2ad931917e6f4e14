"""No more passwords are hashed at once than the machine can do; who comes too much is told so."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from werkzeug.test import TestResponse

from api.passwords import WAITING, Busy, Passwords
from tests.actor import PASSWORD, Someone, assert_problem
from tests.conftest import CHEAP

SLOTS = 2
ROOM = SLOTS * (1 + WAITING)


class Slow(PasswordHasher):
    """Hashes and checks once it is let go on; knows how many it ever did at the same time."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.go_on, self.are_all_there = threading.Event(), threading.Event()
        self.now, self.most, self._lock = 0, 0, threading.Lock()

    def _wait(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now == SLOTS:
                self.are_all_there.set()
        assert self.go_on.wait(8)
        with self._lock:
            self.now -= 1

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        self._wait()
        return super().hash(password, salt=salt)

    def verify(self, hash: Any, password: str | bytes) -> Any:
        self._wait()
        return super().verify(hash, password)


@pytest.fixture
def slow(app: Flask, ada: Someone) -> Iterator[Slow]:
    hasher = Slow()
    hasher.go_on.set()
    app.extensions["passwords"] = Passwords(SLOTS, hasher)
    hasher.go_on.clear()
    yield hasher
    hasher.go_on.set()


@contextmanager
def one_too_many(app: Flask, slow: Slow) -> Iterator[list[Future[TestResponse]]]:
    """One sign-up or sign-in more than there is room for, at once; the refused one comes first."""

    def ask(n: int) -> TestResponse:
        someone = Someone(app.test_client())
        if n % 2:
            return someone.signs_in("ada").reads_own()
        return someone.signs_up(f"user{n}", PASSWORD)

    with ThreadPoolExecutor(ROOM + 1) as pool:
        asked = [pool.submit(ask, n) for n in range(ROOM + 1)]
        done, waiting = wait(asked, timeout=3, return_when=FIRST_COMPLETED)
        slow.are_all_there.wait(3)  # Who has a slot may not have come to hash yet.
        try:
            yield [*done, *waiting]
        finally:
            slow.go_on.set()


def test_who_finds_no_room_is_refused_at_once_and_the_others_are_served(
    app: Flask, slow: Slow
) -> None:
    """Checklist 33."""
    with one_too_many(app, slow) as (refused, *others):
        # Nobody was let go on yet, so this answer waited for no hash.
        assert refused.done() and not any(other.done() for other in others)
        assert_problem(refused.result(), 503)
        assert int(refused.result().headers["Retry-After"]) >= 1
    assert {other.result().status_code for other in others} == {200, 404}
    assert slow.most == SLOTS


@pytest.mark.parametrize("ask", ["signs_up", "reads_own", "gives_details"])
def test_there_is_room_again_once_the_others_are_served(
    app: Flask, slow: Slow, someone: Someone, ask: str
) -> None:
    """Checklist 14."""
    ada = someone.signs_in("ada")
    verbs: dict[str, Callable[[], TestResponse]] = {
        "signs_up": lambda: someone.signs_up("late", PASSWORD),
        "reads_own": ada.reads_own,
        "gives_details": lambda: ada.gives_details(username="ada"),
    }
    with one_too_many(app, slow):
        assert_problem(verbs[ask](), 503)
        # What needs no hash is served meanwhile.
        assert someone.signs_up("bare").status_code == 200
        assert someone.gives_details().status_code == 201
    # A sign-up that was refused has not taken its username.
    assert verbs[ask]().status_code in (200, 201, 404)


@pytest.mark.parametrize(
    ("slots", "threads", "room"), [(1, None, 16), (2, None, 32), (100, None, 512), (2, 16, 8)]
)
def test_there_is_room_for_fifteen_that_wait_but_never_for_more_than_half_of_the_threads(
    slots: int, threads: int | None, room: int
) -> None:
    some = Passwords(slots, CHEAP, threads) if threads else Passwords(slots, CHEAP)
    let_in = 0
    while some._admitted.acquire(blocking=False):
        let_in += 1
    assert let_in == room


def test_of_few_threads_half_never_wait_for_a_hash() -> None:
    """Checklist 33: else a flood of passwords would keep all of them from other requests."""
    few = Passwords(1, PasswordHasher(1, 8, 1), threads=2)
    assert few._admitted.acquire(blocking=False)
    with pytest.raises(Busy):
        few.hash("the second")
    few._admitted.release()
    assert few.hash("afterwards")
