"""`python -m tests.tools.slow_clients`: slowhttptest in its three modes, beside a polite client.

200 slow clients, and 1,100 of a server that may open 1,024 files, must not slow the polite client:
its 99th percentile is at most half a second, or ten times that of an undisturbed server on a busy
machine. This is a program and not a test, because tests that run at the same time would count too.
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

SECONDS = 5
MODES = {
    "headers": ["-H", "-i", "1"],
    "body": ["-B", "-i", "1", "-s", "8192", "-x", "10"],
    "read": ["-X", "-k", "10", "-z", "32", "-w", "10", "-y", "20"],
}
PATHS = {"headers": "/livez", "body": "/userDetails", "read": "/docs/swagger-ui-bundle.js"}
NUMBERS = {200: "", 1100: "-Sn 1024"}
"""The numbers of slow clients, each with the options of `ulimit` for the server."""
P99, RATIO = 0.5, 10
"""The maximum 99th percentile in seconds, and as a multiple of that of the undisturbed server."""


def _p99s(servers: list[Server], is_over: Callable[[], bool]) -> list[float]:
    """Send polite requests to the servers in turn until `is_over`.

    Return the 99th percentile of the seconds that each server took.
    """
    took: list[list[float]] = [[] for _ in servers]
    while not is_over():
        for request, status in (LIVEZ, 200), (post(b"username=ada&lastname=king"), 201):
            for server, seconds in zip(servers, took, strict=True):
                began = time.monotonic()
                assert request_once(server, request).status == status
                seconds.append(time.monotonic() - began)
        time.sleep(0.01)
    return [sorted(seconds)[len(seconds) * 99 // 100] for seconds in took]


def try_mode(folder: Path, mode: str, number: int, undisturbed: Server) -> bool:
    """Attack a new server, print the percentiles, and return whether the polite client was slow."""
    folder.mkdir()
    with serving(folder, {"LOG_LEVEL": "warning"}, ulimit=NUMBERS[number]) as attacked:
        command = ["sh", "-c", 'ulimit -Sn "$(ulimit -Hn)"; exec slowhttptest "$@"', "sh"]
        options = ["-c", str(number), "-r", "500", "-l", str(SECONDS), "-v", "0"]
        command += [*MODES[mode], *options, "-u", attacked.url + PATHS[mode]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as slow:
            p99, calm = _p99s([attacked, undisturbed], lambda: slow.poll() is not None)
            said, _ = slow.communicate()
        assert slow.returncode == 0 and "refused" not in said, said
        assert "Traceback" not in attacked.log.read_text()
    print(f"{mode}, {number}: {p99 * 1000:.0f} ms, undisturbed {calm * 1000:.0f} ms", flush=True)
    return p99 >= max(P99, RATIO * calm)


def main() -> int:
    """Return the exit status."""
    if not shutil.which("slowhttptest"):
        print("SKIPPED: there is no slowhttptest: apt-get install slowhttptest")
        return os.environ.get("CI") == "true"
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as undisturbed:
        cases = [(mode, number) for mode in MODES for number in NUMBERS]
        slow = [
            f"{mode}, {number}"
            for mode, number in cases
            if try_mode(Path(name) / f"{mode}-{number}", mode, number, undisturbed)
        ]
    if slow:
        print(f"FAILED: the polite client was slow beside {'; '.join(slow)}")
    return bool(slow)


if __name__ == "__main__":
    sys.exit(main())
