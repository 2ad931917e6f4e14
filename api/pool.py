"""The connection pool: requests wait for a connection in arrival order, without a thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Connection, Engine, QueuePool
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from api.fair_semaphore import FairSemaphore


class Pool(QueuePool):
    """A pool whose semaphore admits as many requests as there are connections.

    So no thread ever blocks in SQLAlchemy's own queue.
    """

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.semaphore = FairSemaphore(self.size())


@contextmanager
def connection_of(engine: Engine) -> Iterator[Connection]:
    """A connection of the pool. Raises SQLAlchemy's `TimeoutError` after the pool's timeout."""
    pool = cast("Pool", engine.pool)
    try:
        pool.semaphore.acquire(pool.timeout())
    except TimeoutError:
        raise PoolTimeoutError("all connections are in use") from None
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        pool.semaphore.release()
