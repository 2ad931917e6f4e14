"""Bytes sent to make the server err: a declared refusal, never a fault, nor another's answer."""

import random
import time

import pytest

from tests.abuse import heard, is_as_it_may_be, leave
from tests.abuse_cases import CASES, LEAVES
from tests.clients import LIVEZ, one
from tests.server import Server

FAST = [name for name, case in CASES.items() if not case.pause]


@pytest.mark.parametrize("name", FAST)
def test_what_is_sent_to_make_it_err_is_refused_as_declared(server: Server, name: str) -> None:
    began = time.monotonic()
    statuses = heard(server, CASES[name])
    assert time.monotonic() < began + 5
    assert statuses or len(CASES[name].sent) > 50_000, "who sends so much may be left unanswered"
    assert is_as_it_may_be(name, statuses)


@pytest.mark.parametrize("name", LEAVES)
def test_who_leaves_early_harms_nobody(server: Server, name: str) -> None:
    for seed in range(10):
        leave(server, LEAVES[name](random.Random(seed)))
    assert one(server, LIVEZ).status == 200
