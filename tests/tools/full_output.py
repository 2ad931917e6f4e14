"""Run each of the operator's commands with a standard output that can't be written.

`python -m tests.tools.full_output FOLDER`, with the settings of the service. Each command runs in a
process forked from this one, which has imported everything. The program writes `said.json` in
FOLDER, with the exit status and the standard error of each.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click import Context

from api import create_app
from api.__main__ import program
from api.commands import COMMANDS as OPERATOR_COMMANDS

COMMANDS = {
    "accounts list": "accounts list",
    "accounts show": "accounts show ada",
    "accounts set-password": "accounts set-password ada",
    "accounts delete": "accounts delete --yes ada",
    "details export": "details export",
    "database upgrade": "database upgrade",
    "database current": "database current",
    "database check": "database check",
    "database copy": "database copy sqlite:///{name}.copy",
    "backup": "backup {name}.backup",
    "restore": "restore old.backup",
    "openapi": "openapi --file {name}.yaml",
    "openapi --check": "openapi --check --file old.yaml",
    "openapi --against": "openapi --against old.yaml",
    "accounts --help": "accounts --help",
    "backup --help": "backup --help",
    "serve --help": "serve --help",
    "--help": "--help",
    "--version": "--version",
}
"""The arguments of each command, which runs in a folder with `old.yaml` and `old.backup`."""
PASSWORD = b"seven geese cross at dawn\n"


def _full() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


def _unread() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.dup2(writing, 1)


def _closed() -> None:
    os.close(1)


def _latin() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ["PYTHONIOENCODING"] = "latin-1"


OUTPUTS: dict[str, Callable[[], None]] = {
    "full": _full,
    "unread": _unread,
    "closed": _closed,
    "latin-1": _latin,
}


def _become(name: str, output: Callable[[], None]) -> None:
    """Replace this process's standard output and error by those of the command."""
    reading, writing = os.pipe()
    os.write(writing, PASSWORD)
    os.close(writing)
    os.dup2(reading, 0)
    os.dup2(os.open(f"{name}.stderr", os.O_WRONLY | os.O_CREAT), 2)
    output()
    # Opened as Python opens it at its start.
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    sys.stdout = None if output is _closed else os.fdopen(1, "w", encoding=encoding, closefd=False)


def _run(arguments: list[str]) -> None:
    """Run the command and exit as Python does, but without the full interpreter shutdown."""
    status: Any = 1
    try:
        program.main(arguments, "sign-up-api")
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
    try:
        if sys.stdout:
            sys.stdout.flush()
    except OSError:
        status = 120  # Python's own message if it can't flush standard output at exit.
        traceback.print_exc()
    os._exit(status)


RUNS = [("full", command) for command in COMMANDS] + [
    ("unread", "details export"),
    ("unread", "database current"),
    ("closed", "details export"),
    ("closed", "database current"),
    ("latin-1", "database current"),
]


def main(folder: Path) -> None:
    create_app()
    for name in OPERATOR_COMMANDS:
        program.get_command(Context(program), name)
    os.chdir(folder)
    said = {}
    for number, (kind, command) in enumerate(RUNS):
        name = f"run{number}"
        pid = os.fork()
        if not pid:
            _become(name, OUTPUTS[kind])
            _run(COMMANDS[command].format(name=name).split())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said[f"{command}, {kind}"] = status, Path(f"{name}.stderr").read_text()
    Path("said.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
