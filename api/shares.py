"""How many clients each worker has, so that none takes them all while another has nothing to do."""

from multiprocessing.sharedctypes import RawArray
from typing import Any

NOBODY = -1
LOOKS, BETWEEN = 10, 0.0003
"""How often a client that would be too many here is looked at, for another worker to take it, and
seconds from one look to the next by who has nothing else to do."""


class Shares:
    """Counts in memory that the workers share; made before they are, and kept by their parent.

    Whoever wakes first would accept all that wait at the door, and keep those that stay: of 16
    kept connections one worker then had all in every fourth run, and the other core was idle.
    """

    def __init__(self, workers: int) -> None:
        # While a worker is replaced there is another, and SIGTTIN asks gunicorn for more of them.
        self._counts = RawArray("i", [NOBODY] * (2 * workers + 8))

    def give(self, _server: Any, worker: Any) -> None:
        """Gunicorn's `pre_fork`: the worker that will be has a place to count in."""
        worker.place = next(i for i, count in enumerate(self._counts) if count == NOBODY)
        self._counts[worker.place] = 0

    def take_back(self, _server: Any, worker: Any) -> None:
        """Gunicorn's `child_exit`."""
        self._counts[worker.place] = NOBODY

    def at(self, place: int) -> "Share":
        return Share(self._counts, place)


class Share:
    """What one worker says of itself, and sees of the others."""

    def __init__(self, counts: Any, place: int) -> None:
        self._counts, self._place, self._looks = counts, place, 0

    def tell(self, clients: int) -> None:
        self._counts[self._place] = clients

    def has_room(self) -> bool:
        """Whether to take a client now, or leave it for a moment to a worker that has fewer."""
        mine = self._counts[self._place]
        others = [n for i, n in enumerate(self._counts) if n != NOBODY and i != self._place]
        self._looks += 1
        if mine < 2 + 1.25 * min(others, default=mine) or self._looks > LOOKS:
            self._looks = 0
            return True
        return False
