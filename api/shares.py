"""How many clients each worker has, so that none takes them all while another has nothing to do."""

from multiprocessing.sharedctypes import RawArray
from typing import Any

NOBODY = -1


class Shares:
    """Counts in memory that the workers share; made before they are, and kept by their parent.

    Whoever wakes first would accept all that wait at the door, and keep those that stay: of 16
    kept connections one worker then had all in every fourth run, and the other core was idle.
    """

    def __init__(self, workers: int) -> None:
        # While a worker is replaced there is another for a while.
        self._counts = RawArray("i", [NOBODY] * 2 * workers)

    def give(self, _server: Any, worker: Any) -> None:
        """Gunicorn's `pre_fork`: the worker that will be has a place to count in."""
        worker.place = next(i for i, count in enumerate(self._counts) if count == NOBODY)
        self._counts[worker.place] = 0

    def take_back(self, _server: Any, worker: Any) -> None:
        """Gunicorn's `child_exit`."""
        self._counts[worker.place] = NOBODY

    def tell(self, place: int, clients: int) -> None:
        self._counts[place] = clients

    def have_room(self, place: int) -> bool:
        """Whether the worker may well have another client, by what the others have."""
        mine, *others = sorted((i != place, n) for i, n in enumerate(self._counts) if n != NOBODY)
        fewest = others[0][1] if others else mine[1]
        return bool(mine[1] < 2 + 1.25 * fewest)
