"""A real PgBouncer in transaction mode, in front of PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

SESSIONS = 4
"""The number of server sessions that all clients share."""
_CONFIGURATION = """
[databases]
* = host={server} user=postgres
[pgbouncer]
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 200
auth_type = trust
auth_file = {folder}/users
listen_addr =
unix_socket_dir = {folder}
"""


@contextmanager
def running(server_url: str) -> Iterator[str]:
    """Yield the server's URL through PgBouncer.

    If PgBouncer isn't installed, skip the test; in CI, fail.
    """
    command = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if command is None:
        otherwise = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        otherwise("There is no PgBouncer here: apt-get install pgbouncer")
    url = make_url(server_url)
    folder = Path(tempfile.mkdtemp())  # The path of a socket must be short.
    names = {"server": url.query["host"], "sessions": SESSIONS, "folder": folder}
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "pgbouncer.ini").write_text(_CONFIGURATION.format(**names))
    options = ["-q"]
    if os.geteuid() == 0:  # PgBouncer refuses to run as root, and the server's socket is private.
        user = Path(str(names["server"])).owner()
        shutil.chown(folder, user)
        options += ["-u", user]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([command, *options, folder / "pgbouncer.ini"], stderr=log)
    try:
        pooled = url.set(port=6432).update_query_dict({"host": str(folder)})
        _wait_until_it_serves(pooled.set(drivername="postgresql").render_as_string(False), process)
        yield pooled.render_as_string(hide_password=False)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def _wait_until_it_serves(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(url, prepare_threshold=None).close()
        except psycopg.OperationalError:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        else:
            return
