"""The machine: its description, its other load, and its speed of disk and hashing."""

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
# Repeated from api/security/passwords.py, so that weaker parameters there don't change the
# reference.
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def described() -> str:
    """Return the date, Python's version, and the processor."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, " + (
        f"{CORES} cores of {model}, shared with the load"
    )


def _spent(process: psutil.Process) -> float:
    """Return the CPU seconds of a process, its children, and its ended children."""
    try:
        spent = sum(process.cpu_times()[:4])
        return float(spent) + sum(_spent(child) for child in process.children())
    except psutil.Error:
        return 0


class Others:
    """The share of the cores that other processes used, for each measurement."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.beside: set[int] = set()
        """Our processes that aren't children of this one."""

    def _now(self) -> tuple[float, float, float]:
        times = psutil.cpu_times()
        ours = sum(_spent(psutil.Process(pid)) for pid in (os.getpid(), *self.beside))
        # The user time includes that of guests.
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
    """Return the milliseconds of writing a page with fdatasync, in a preallocated file."""
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
    """Return the hashes per second on all cores; Argon2id releases the GIL."""

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
