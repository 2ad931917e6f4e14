"""Database work of a request never blocks the event loop."""

import json
import subprocess
import sys
from typing import Any

from tests.operations import OPERATIONS
from tests.serving import REPOSITORY


def run(program: str, url: str) -> Any:
    command = [sys.executable, "-m", f"tests.storage.{program}", url]
    done = subprocess.run(
        command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_sqlite_is_used_in_threads_that_are_not_the_event_loops(sqlite_url: str) -> None:
    """Execute, fetch and commit, also if a statement in `read` or `write` returns rows."""
    found = run("loop_thread", sqlite_url)
    assert found.keys() == {operation.id for operation in OPERATIONS} | {"read", "write"}
    for name, seen in found.items():
        assert seen["in the loop"] == [], name
        assert seen["elsewhere"], name


def test_other_requests_run_while_an_operation_waits_for_postgresql(postgresql_url: str) -> None:
    """Counted, not timed: the operation waits for a lock until the other requests have run."""
    turns = run("locked_tables", postgresql_url)
    assert turns == {operation.id: 100 for operation in OPERATIONS}
