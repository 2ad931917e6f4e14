"""Many sign-ups with passwords at once are all served, if clients wait as `Retry-After` asks.

`tests/security/test_passwords_busy.py` tests that `Retry-After` is the time of the queue.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.clients import post, request_once
from tests.serving import Server, serving

pytestmark = pytest.mark.long

BURST = 200
MEMORY = 120
"""The maximum memory of a worker in MB, after the burst."""
TRIES = 10
"""The maximum of tries. How many are needed varies with how busy the machine is."""


def sign_up(server: Server, number: int) -> list[int]:
    """Sign up, and retry as often as the response asks for it. Return the seconds of each wait."""
    form = b"username=sam%d&password=an+otter+counts+nine+moons" % number
    waits: list[int] = []
    while (response := request_once(server, post(form, path=b"/userSignUp"))).status != 200:
        assert response.status == 503
        waits.append(int(response.headers["retry-after"]))
        time.sleep(waits[-1])
    return waits


def test_a_burst_of_sign_ups_is_served_to_clients_that_wait_as_retry_after_asks(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with (
        serving(tmp_path, {"HASHING_TIMEOUT": "1"}) as server,
        ThreadPoolExecutor(BURST) as clients,
    ):
        began = time.monotonic()
        waits = list(clients.map(partial(sign_up, server), range(BURST)))
        took = time.monotonic() - began
        workers = psutil.Process(server.process.pid).children()
        memory = max(worker.memory_info().rss / 1e6 for worker in workers)
    refused = [wait for wait in waits if wait]
    record_property("seconds", f"{took:.1f}; {len(refused)} of {BURST} were refused at first")
    record_property("memory", f"{memory:.0f} MB")
    assert len(refused) < BURST and max(map(len, waits)) < TRIES, waits
    assert memory < MEMORY
