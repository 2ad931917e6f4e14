"""The machine: what it is, what else runs on it, how fast its disk and its hashing are."""

import os
import platform
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
from argon2 import PasswordHasher

CORES = os.cpu_count() or 1
# As in api/security/passwords.py, and written once more: a weaker hash would be less work.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def described() -> str:
    """The date, Python, and the processor."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, " + (
        f"{CORES} cores of {model}, shared with the load"
    )


def _spent(process: psutil.Process) -> float:
    """The CPU seconds of a process, of its children, and of those that have ended."""
    try:
        spent = sum(process.cpu_times()[:4])
        return float(spent) + sum(_spent(child) for child in process.children())
    except psutil.Error:
        return 0


class Others:
    """How much of the cores other processes took meanwhile: a share for each measurement."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.beside: set[int] = set()
        """Processes of ours that aren't our children."""

    def _now(self) -> tuple[float, float, float]:
        times = psutil.cpu_times()
        ours = sum(_spent(psutil.Process(pid)) for pid in (os.getpid(), *self.beside))
        # A guest's time is in the user's too.
        idle = times.idle + times.iowait
        return time.monotonic(), sum(times[:8]) - idle, ours

    @contextmanager
    def watched(self) -> Iterator[None]:
        since, busy, ours = self._now()
        yield
        now, busy_now, ours_now = self._now()
        theirs = (busy_now - busy) - (ours_now - ours)
        self.shares.append(max(0.0, theirs / ((now - since) * CORES)))

    def __str__(self) -> str:
        share, most = statistics.median(self.shares), max(self.shares)
        return f"other processes took {share:.0%} of the cores (median), {most:.0%} at most"


def sync_milliseconds(folder: Path, seconds: float) -> float:
    """A write of one page and fdatasync, in a file that has its size already, as a log has."""
    took: list[float] = []
    file = os.open(folder / "synced", os.O_RDWR | os.O_CREAT)
    try:
        os.posix_fallocate(file, 0, 1 << 20)
        until = time.monotonic() + seconds
        while (began := time.monotonic()) < until:
            os.pwrite(file, os.urandom(4096), len(took) % 256 * 4096)
            os.fdatasync(file)
            took.append(time.monotonic() - began)
    finally:
        os.close(file)
    return statistics.median(took) * 1000


def hashes_per_second(seconds: float) -> float:
    """Argon2id alone on all cores; it holds no lock of Python's while it computes."""

    def hash_until(end: float) -> int:
        count = 0
        while time.monotonic() < end:
            HASHER.hash("an otter counts nine moons")
            count += 1
        return count

    began = time.monotonic()
    with ThreadPoolExecutor(CORES) as threads:
        counts = list(threads.map(hash_until, [began + seconds] * CORES))
    return sum(counts) / (time.monotonic() - began)
