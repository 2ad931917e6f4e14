"""What runs in processes of its own is done while another test computes in this process alone.

Nothing of it runs beside tests that have a clock: who computes waits, in the end, until it is done.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from typing import Any

import pytest

_POOL = ThreadPoolExecutor(1)
_BEGUN = pytest.StashKey[Future[Any]]()


def _begun(item: pytest.Item, folders: pytest.TempPathFactory) -> Future[Any]:
    if _BEGUN not in item.stash:
        (mark,) = item.iter_markers("meanwhile")
        item.stash[_BEGUN] = _POOL.submit(mark.kwargs["work"], folders.mktemp("meanwhile"))
    return item.stash[_BEGUN]


@pytest.fixture
def computing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Beside a test that computes, what those marked `meanwhile` will want is done, one by one."""
    marked = [item for item in request.session.items if item.get_closest_marker("meanwhile")]
    is_over = Event()

    def work() -> None:
        for item in marked:
            if not is_over.is_set():
                wait([_begun(item, tmp_path_factory)])

    with ThreadPoolExecutor(1) as pool:
        worked = pool.submit(work)
        yield
        is_over.set()
    worked.result()


@pytest.fixture
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Future[Any]:
    """The work by which this test is marked, in a folder of its own; begun now, if not before."""
    return _begun(request.node, tmp_path_factory)
