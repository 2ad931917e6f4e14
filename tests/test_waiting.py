"""What waits lets the others go on; without a hub around it, it simply waits."""

import os
import select
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future
from functools import partial
from threading import Thread, Timer, get_ident

import pytest

from api.waiting import Hub, call, let_others_go_first, wait_for, wait_until_it_takes


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub(2)
    yield hub
    hub.threads.shutdown()
    hub.close()


def run(hub: Hub, done: list[str], number: int) -> None:
    """As the worker does, until so much is done."""
    deadline = time.monotonic() + 60
    while len(done) < number:
        left = deadline - time.monotonic()
        assert left > 0, done
        told = select.select([hub.fd], [], [], 0 if hub.is_busy else left)[0]
        hub.look()
        hub.go_on()
        hub.go_last(idle=not told)


def test_what_takes_its_time_is_done_by_another_thread_while_others_go_on(hub: Hub) -> None:
    done: list[str] = []

    def slow() -> None:
        assert call(get_ident) != get_ident()
        call(time.sleep, 0.05)
        done.append("slow")

    hub.start(slow)
    hub.start(lambda: done.append("quick"))
    assert done == ["quick"]
    run(hub, done, 2)


def test_an_error_comes_back_to_who_asked(hub: Hub) -> None:
    done: list[str] = []

    def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            call(divmod, 1, 0)
        done.append("told")

    hub.start(fail)
    run(hub, done, 1)


@pytest.mark.parametrize("when", ["before", "by itself", "by a thread"])
def test_whoever_does_it_and_whenever_nobody_waits_on(hub: Hub, when: str) -> None:
    """One that is done at once isn't told of by `fd`: `is_busy` says so."""
    done: list[str] = []
    awaited: Future[str] = Future()
    if when == "before":
        awaited.set_result("it")
    hub.start(lambda: done.append(wait_for(awaited)))
    if when == "by itself":
        hub.start(lambda: awaited.set_result("it"))
    if when == "by a thread":
        Timer(0.02, awaited.set_result, ["it"]).start()
    began = time.monotonic()
    run(hub, done, 1)
    assert done == ["it"]
    assert time.monotonic() < began + 30  # A missed wake-up would take 60.


def test_who_lets_others_go_first_comes_last_but_not_never(hub: Hub) -> None:
    done: list[str] = []

    def polite() -> None:
        let_others_go_first()
        done.append("polite")

    hub.start(polite)
    hub.start(lambda: done.append("other"))
    hub.go_last(idle=False)
    assert done == ["other"] and hub.is_busy
    time.sleep(0.01)
    hub.go_last(idle=False)
    assert done == ["other", "polite"] and not hub.is_busy


def test_who_sends_to_a_slow_client_is_counted_and_goes_on_when_it_takes(hub: Hub) -> None:
    done: list[str] = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        while select.select([], [ours], [], 0)[1]:
            ours.send(b"x" * 1024)

        def send() -> None:
            wait_until_it_takes(ours)
            done.append("sent")

        hub.start(send)
        hub.look()
        hub.go_on()
        assert len(hub.sending) == 1 and not done
        Thread(target=theirs.recv, args=[1 << 20]).start()
        run(hub, done, 1)
        assert not hub.sending


def test_without_a_hub_it_simply_waits() -> None:
    assert call(get_ident) == get_ident()
    let_others_go_first()
    awaited: Future[str] = Future()
    Timer(0.02, partial(awaited.set_result, "it")).start()
    assert wait_for(awaited) == "it"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wait_until_it_takes(ours)


def test_a_hub_that_is_closed_leaves_nothing_behind() -> None:
    before = os.listdir("/proc/self/fd")
    Hub(1).close()
    assert os.listdir("/proc/self/fd") == before
