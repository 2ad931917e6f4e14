"""Take resources (disk, connections, write permission) from a running server temporarily."""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from tests.serving import Server


def worker_of(server: Server) -> psutil.Process:
    (worker,) = psutil.Process(server.process.pid).children()
    return worker


def peak(worker: psutil.Process) -> int:
    """Return the process's peak memory in MiB (Linux's VmHWM)."""
    status = Path(f"/proc/{worker.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _did(*command: str) -> bool:
    """Run a command. Return whether it exists and succeeded."""
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small file system at `folder`. Yield whether that was permitted."""
    folder.mkdir()
    is_mounted = _did("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder))
    try:
        yield is_mounted
    finally:
        if is_mounted:
            _did("umount", "--lazy", str(folder))


@contextmanager
def full_disk(folder: Path, server: Server) -> Iterator[None]:
    """Fill the disk at `folder`. If it isn't a small mount, limit the worker's files instead."""
    if os.path.ismount(folder):
        ballast = folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        yield
        ballast.unlink()
    else:
        worker = worker_of(server)
        _, most = resource.prlimit(worker.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (4096, most))
        yield
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (most, most))


@contextmanager
def immutable(file: Path) -> Iterator[bool]:
    """Make the database and its log immutable, even for root. Yield whether that was permitted.

    The third file, `-shm`, is memory that SQLite's processes share. If it were immutable, a process
    that writes to it would get SIGBUS, and gunicorn would replace the worker.
    """
    files = [str(file), f"{file}-wal"]
    can = _did("chattr", "+i", *files)
    try:
        yield can
    finally:
        _did("chattr", "-i", *files)


@contextmanager
def all_connections(url: str) -> Iterator[Callable[[], None]]:
    """Take all free connections. The yielded function also takes those of the worker."""
    with ExitStack() as held:
        mine = []

        def take() -> None:
            with suppress(psycopg.OperationalError):
                while True:
                    mine.append(held.enter_context(psycopg.connect(url.replace("+psycopg", ""))))

        def take_away() -> None:
            pids = [connection.info.backend_pid for connection in mine]
            mine[0].execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid != ALL(%s)",
                [pids],
            )
            take()

        take()
        yield take_away
