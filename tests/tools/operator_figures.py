"""`python -m tests.tools.operator_figures`: the operator's commands on a million rows.

Each command runs in a process of its own, whose peak memory may exceed that for a thousand rows by
20 MB. A copy is also killed at random moments, and continued.
"""

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import TypeAlias

from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import ProgrammingError

from tests.postgresql import running
from tests.serving import REPOSITORY

say = sys.stdout.write
TO_POSTGRESQL = "database copy, to PostgreSQL"
ROWS = "SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM user_details)"
FEW, KILLS, MORE = 1000, 3, 20
Took: TypeAlias = dict[str, tuple[float, float, float]]


@dataclass
class Run:
    """A command's process, its folder, and its measurements."""

    folder: Path
    rows: int
    postgresql: str
    took: Took = field(default_factory=dict)
    """By command: the seconds, the CPU seconds, and the peak of memory in MB."""
    wrong: list[str] = field(default_factory=list)
    few: Took = field(default_factory=dict)  # Measured with few rows, for comparison.

    def start(self, url: str, *command: str) -> "subprocess.Popen[bytes]":
        settings = {"DATABASE_URL": url, "PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]}
        with (self.folder / "said").open("wb") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", "api", *command],
                env=settings,
                cwd=self.folder,
                stdout=said,
            )

    def measure(self, name: str, url: str, *command: str) -> None:
        began = time.monotonic()
        child = self.start(url, *command)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        computed = usage.ru_utime + usage.ru_stime
        self.took[name] = time.monotonic() - began, computed, usage.ru_maxrss / 1024
        if usage.ru_maxrss <= getrusage(RUSAGE_SELF).ru_maxrss:
            self.wrong.append(f"{name}: the memory measured is not its own")
        if child.returncode:
            self.wrong.append(f"{name} exited {child.returncode}")
        if self.few:
            self._say(name, *self.took[name])

    def _say(self, name: str, seconds: float, computed: float, peak: float) -> None:
        *_, before = self.few.get(name, self.few[TO_POSTGRESQL])
        say(f"| {name} | {seconds:.0f} | {computed:.0f} | {peak:.0f} | {before:.0f} |\n")
        sys.stdout.flush()
        if peak > before + MORE:
            self.wrong.append(f"{name} takes more memory for more rows")

    def expect(self, name: str, found: int, expected: int) -> None:
        if found != expected:
            self.wrong.append(f"{name}: {found} rows, and not {expected}")

    def database(self, name: str) -> str:
        """Yield the URL of a new database on PostgreSQL."""
        server = create_engine(self.postgresql, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}{self.rows}"))
        server.dispose()
        return self.postgresql.replace("/postgres?", f"/{name}{self.rows}?")


def _lines(file: Path) -> int:
    return int(subprocess.check_output(["wc", "-l", file]).split()[0])


def _copied(server: Engine) -> int:
    """Return the number of rows that the copy has committed so far."""
    with server.connect() as connection:
        try:
            return int(connection.execute(text(ROWS)).scalar_one())
        except ProgrammingError:
            return 0  # The tables don't exist yet.


def _rows(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        return int(database.execute(ROWS).fetchone()[0])


def _killed(run: Run, source: str) -> None:
    """Copy; kill the command after random numbers of rows, and finally let it end."""
    target = run.database("killed")
    server = create_engine(target, poolclass=NullPool)
    for number in sorted(random.randint(1, 2 * run.rows - 1) for _ in range(KILLS)):
        child = run.start(source, "database", "copy", target)
        while _copied(server) < number and child.poll() is None:
            time.sleep(0.02)
        child.kill()
        if child.wait() != -signal.SIGKILL:
            run.wrong.append(f"the copy ended before it was killed at {number} rows")
    run.measure(f"the same, killed {KILLS} times, to its end", source, "database", "copy", target)


def work(run: Run) -> None:
    run.folder.mkdir()
    file, rows = run.folder / "signup.db", run.rows
    # In a process of its own, because it uses much memory, and a child's peak starts at its
    # parent's.
    filling = (
        f"from tests.tools.benchmarks.filled import *; fill(Path({str(file)!r}), {rows}, {rows})"
    )
    subprocess.run([sys.executable, "-c", filling], cwd=REPOSITORY, check=True)
    source, said = f"sqlite:///{file}", run.folder / "said"
    run.measure("accounts list", source, "accounts", "list")
    run.expect("accounts list", _lines(said), rows)
    run.measure("details export", source, "details", "export")
    run.expect("details export", _lines(said), rows)
    run.measure("details export, as CSV", source, "details", "export", "--format", "csv")
    run.expect("details export, as CSV", _lines(said), rows + 1)
    run.measure("backup", source, "backup", "some.backup")
    run.expect("backup", _rows(run.folder / "some.backup"), 2 * rows)
    run.measure("database check", source, "database", "check")
    there = run.database("copied")
    run.measure(TO_POSTGRESQL, source, "database", "copy", there)
    first = said.read_text().splitlines()[:3]
    if run.few:
        _killed(run, source)
        if said.read_text().splitlines()[:3] != first:
            run.wrong.append("the copy that was killed isn't the same")
    back = run.folder / "back.db"
    run.measure("database copy, back to SQLite", there, "database", "copy", f"sqlite:///{back}")
    run.expect("database copy, back to SQLite", _rows(back), 2 * rows)
    if said.read_text().splitlines()[:3] != first:
        run.wrong.append("what came back isn't the same")


def main() -> None:
    """Print the figures as docs/measurements.md has them, and exit 1 if anything is wrong."""
    parser = argparse.ArgumentParser("python -m tests.tools.operator_figures", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of each kind (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    given = parser.parse_args()
    random.seed(given.seed)
    say(f"| command | seconds | of its own CPU | MB | MB with {FEW:,} |\n|---|--:|--:|--:|--:|\n")
    with running() as url, tempfile.TemporaryDirectory() as folder:
        few, many = (Run(Path(folder) / str(rows), rows, url) for rows in (FEW, given.rows))
        work(few)
        many.few = few.took
        work(many)
    if wrong := few.wrong + many.wrong:
        sys.exit("\n".join(wrong))
    say("nothing is wrong\n")


if __name__ == "__main__":
    main()
