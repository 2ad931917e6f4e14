"""`python -m tests.tools.killed_copy SOURCE TARGET`: a copy that is killed and continued.

The first run is killed at its first write, and each further run continues and is killed one step
later, until a run succeeds. Steps in the middle of transactions are included. A step is a statement
that writes, or a row on its way to PostgreSQL.
"""

import os
import signal
import sys
from itertools import count
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import Engine, event

from api import create_app
from api.config import Settings
from api.operator import common

_WRITES = ("CREATE", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "SELECT setval")


def _copy(app: Flask, target: str, steps: int) -> int:
    """Return the exit status of a copy that is killed after `steps` steps."""
    left = steps

    def step() -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    @event.listens_for(Engine, "before_cursor_execute")
    def execute(_: Any, __: Any, statement: str, *more: Any) -> None:
        if statement.lstrip().startswith(_WRITES):
            step()

    write_row = psycopg.Copy.write_row

    def write_one(copy: Any, row: Any) -> None:
        step()
        write_row(copy, row)

    psycopg.Copy.write_row = write_one  # type: ignore[method-assign,assignment]
    return app.test_cli_runner().invoke(args=["database", "copy", target]).exit_code


def main() -> None:
    """Print the number of kills, and exit 1 if a run failed otherwise."""
    source, target = sys.argv[1:]
    common.BATCH = 2
    app = create_app(Settings(database_url=source))
    for steps in count(1):
        child = os.fork()
        if not child:
            os._exit(_copy(app, target, steps))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != -signal.SIGKILL:
            sys.stdout.write(f"{steps - 1}\n")
            sys.exit(code)


if __name__ == "__main__":
    main()
