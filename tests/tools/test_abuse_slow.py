"""slowhttptest in its three modes: slow clients don't slow a polite client."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients import LIVEZ, post, request_once
from tests.serving import Server, serving

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not shutil.which("slowhttptest"), reason="slowhttptest is not installed"),
]

SECONDS = 5
MODES = {
    "headers": ["-H", "-i", "1"],
    "body": ["-B", "-i", "1", "-s", "8192", "-x", "10"],
    "read": ["-X", "-k", "10", "-z", "32", "-w", "10", "-y", "20"],
}
PATHS = {"headers": "/livez", "body": "/userDetails", "read": "/docs/swagger-ui-bundle.js"}
P99 = 0.5
"""The maximum 99th percentile in seconds, or ten times that of a server without slow clients."""


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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("number", "ulimit"), [(200, ""), (1100, "-Sn 1024")], ids=["200", "1100 under -Sn 1024"]
)
def test_slow_clients_do_not_slow_a_polite_one(
    server: Server, tmp_path: Path, mode: str, number: int, ulimit: str
) -> None:
    """On a busy machine both servers are slow, and their ratio counts."""
    with serving(tmp_path, {"LOG_LEVEL": "warning"}, ulimit=ulimit) as attacked:
        command = ["sh", "-c", 'ulimit -Sn "$(ulimit -Hn)"; exec slowhttptest "$@"', "sh"]
        options = ["-c", str(number), "-r", "500", "-l", str(SECONDS), "-v", "0"]
        command += [*MODES[mode], *options, "-u", attacked.url + PATHS[mode]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as slow:
            p99, undisturbed = _p99s([attacked, server], lambda: slow.poll() is not None)
            said, _ = slow.communicate()
        assert slow.returncode == 0 and "refused" not in said, said
        assert p99 < max(P99, 10 * undisturbed)
        assert "Traceback" not in attacked.log.read_text()
