"""Clients are shared out among the workers, though each takes whom it sees first."""

from types import SimpleNamespace

import pytest

from api.shares import LOOKS, Share, Shares


@pytest.fixture
def workers() -> list[Share]:
    """Two that run."""
    shares = Shares(2)
    workers = [SimpleNamespace(), SimpleNamespace()]
    for worker in workers:
        shares.give(None, worker)
    return [shares.at(worker.place) for worker in workers]


@pytest.mark.parametrize(("most", "fewest"), [(2, 0), (4, 1), (10, 6), (22, 16)])
def test_a_worker_has_room_for_a_quarter_and_two_more_than_another(
    workers: list[Share], most: int, fewest: int
) -> None:
    workers[0].tell(most - 1)
    workers[1].tell(fewest)
    assert workers[0].has_room()
    workers[0].tell(most)
    assert not workers[0].has_room()
    assert workers[1].has_room()


def test_who_would_be_too_many_is_left_to_the_others_but_not_for_long(
    workers: list[Share],
) -> None:
    workers[0].tell(9)
    for _ in range(3):
        assert [workers[0].has_room() for _ in range(LOOKS + 1)] == [False] * LOOKS + [True]


def test_one_that_had_room_leaves_the_next_as_long_as_ever(workers: list[Share]) -> None:
    workers[0].tell(9)
    assert not any(workers[0].has_room() for _ in range(LOOKS))
    workers[1].tell(9)
    assert workers[0].has_room()
    workers[1].tell(0)
    assert not any(workers[0].has_room() for _ in range(LOOKS))


def test_whose_worker_has_ended_takes_no_part(workers: list[Share]) -> None:
    shares = Shares(2)
    first, second = SimpleNamespace(), SimpleNamespace()
    for worker in (first, second):
        shares.give(None, worker)
    share = shares.at(first.place)
    share.tell(9)
    assert not share.has_room()
    shares.take_back(None, second)
    assert share.has_room()
    shares.give(None, third := SimpleNamespace())
    assert third.place == second.place and not share.has_room()
