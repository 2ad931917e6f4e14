"""`python -m tests.tools.slow_clients`: slowhttptest in its three modes, beside a polite client.

200 slow clients, and 1,100 of a server that may open 1,024 files, must not slow the polite client:
its 99th percentile is less than half a second. The time for which the polite client or the server
waited for a processor doesn't count, because other programs may keep the machine busy. Requires
Linux. This is a program and not a test, because tests that run at the same time would count too.
Exits 1 if the polite client is slow or gets an error. A missing slowhttptest is a failure in CI.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.clients import LIVEZ, post, request_once
from tests.serving import Server, serving
from tests.starving import worker_of

RATE, SECONDS = 100, 5
"""The slow clients that connect per second, and the seconds for which the last one stays.

With many more per second, it would be their number that keeps a busy machine's worker occupied.
"""
MODES = {
    "headers": ["-H", "-i", "1"],
    "body": ["-B", "-i", "1", "-s", "8192", "-x", "10"],
    "read": ["-X", "-k", "10", "-z", "32", "-w", "10", "-y", "20"],
}
PATHS = {"headers": "/livez", "body": "/userDetails", "read": "/docs/swagger-ui-bundle.js"}
NUMBERS = {200: "", 1100: "-Sn 1024"}
"""The numbers of slow clients, each with the options of `ulimit` for the server."""
P99 = 0.5
"""The 99th percentile in seconds must be less."""


def _waited_for_a_processor(processes: list[int]) -> float:
    """Return the seconds that all threads of the processes were ready to run and did not run."""
    files = [file for each in processes for file in Path(f"/proc/{each}/task").glob("*/schedstat")]
    return sum(int(file.read_text().split()[1]) for file in files) / 1e9


def _p99s(server: Server, is_over: Callable[[], bool]) -> tuple[float, float]:
    """Send polite requests until `is_over`.

    Return the 99th percentile of the seconds that they took, without and with the time for which
    the client or the server waited for a processor.
    """
    request_once(server, LIVEZ)  # The worker has started.
    processes = [os.getpid(), worker_of(server).pid]
    took: list[tuple[float, float]] = []
    while not is_over():
        for request, status in (LIVEZ, 200), (post(b"username=ada&lastname=king"), 201):
            began, waited = time.monotonic(), _waited_for_a_processor(processes)
            assert request_once(server, request).status == status
            seconds = time.monotonic() - began
            took.append((seconds - _waited_for_a_processor(processes) + waited, seconds))
        time.sleep(0.01)
    p99, with_waiting = (sorted(each)[len(took) * 99 // 100] for each in zip(*took, strict=True))
    return p99, with_waiting


def try_mode(folder: Path, mode: str, number: int) -> bool:
    """Attack a server with one worker, and return whether the polite client was slow."""
    folder.mkdir()
    settings = {"LOG_LEVEL": "warning", "WEB_CONCURRENCY": "1"}
    with serving(folder, settings, ulimit=NUMBERS[number]) as server:
        command = ["sh", "-c", 'ulimit -Sn "$(ulimit -Hn)"; exec slowhttptest "$@"', "sh"]
        seconds = number // RATE + SECONDS
        options = ["-c", str(number), "-r", str(RATE), "-l", str(seconds), "-v", "0"]
        command += [*MODES[mode], *options, "-u", server.url + PATHS[mode]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as slow:
            p99, with_waiting = _p99s(server, lambda: slow.poll() is not None)
            said, _ = slow.communicate()
        assert slow.returncode == 0 and "refused" not in said, said
        assert "Traceback" not in server.log.read_text()
    milliseconds = f"{p99 * 1000:.0f} ms, {with_waiting * 1000:.0f} with the wait for a processor"
    print(f"{mode}, {number}: {milliseconds}", flush=True)
    return p99 >= P99


def main() -> int:
    """Return the exit status."""
    if not shutil.which("slowhttptest"):
        print("SKIPPED: there is no slowhttptest: apt-get install slowhttptest")
        return os.environ.get("CI") == "true"
    with tempfile.TemporaryDirectory() as name:
        cases = [(mode, number) for mode in MODES for number in NUMBERS]
        slow = [
            f"{mode}, {number}"
            for mode, number in cases
            if try_mode(Path(name) / f"{mode}-{number}", mode, number)
        ]
    if slow:
        print(f"FAILED: the polite client was slow beside {'; '.join(slow)}")
    return bool(slow)


if __name__ == "__main__":
    sys.exit(main())
