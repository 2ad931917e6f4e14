"""Greenlets in the test's own thread, as the server runs its requests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gevent
import pytest

from api import threads


@contextmanager
def event_loop() -> Iterator[None]:
    """Let `api.threads` find an event loop in this thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "_event_loop", threads._EventLoop())
        threads.use_event_loop()
        yield
        gevent.get_hub().destroy(destroy_loop=True)


def concurrently(*functions: Callable[[], object]) -> None:
    """Run each function in a greenlet until all have ended. Raises the exception of any of them."""
    with gevent.Timeout(60):
        gevent.joinall([gevent.spawn(each) for each in functions], raise_error=True)
