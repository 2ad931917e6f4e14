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
"""The maximum 99th percentile in seconds, or ten times that before the attack on a busy machine."""


def _p99(server: Server, is_over: Callable[[], bool]) -> float:
    """Send polite requests until `is_over`, and return the 99th percentile of their seconds."""
    took = []
    while not is_over():
        for request, status in (LIVEZ, 200), (post(b"username=ada&lastname=king"), 201):
            began = time.monotonic()
            assert request_once(server, request).status == status
            took.append(time.monotonic() - began)
        time.sleep(0.01)
    return sorted(took)[len(took) * 99 // 100]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("number", "ulimit"), [(200, ""), (1100, "-Sn 1024")], ids=["200", "1100 under -Sn 1024"]
)
def test_slow_clients_do_not_slow_a_polite_one(
    tmp_path: Path, mode: str, number: int, ulimit: str
) -> None:
    with serving(tmp_path, {"LOG_LEVEL": "warning"}, ulimit=ulimit) as server:
        asked = iter(range(50))
        before = _p99(server, lambda: next(asked, None) is None)
        command = ["sh", "-c", 'ulimit -Sn "$(ulimit -Hn)"; exec slowhttptest "$@"', "sh"]
        options = ["-c", str(number), "-r", "500", "-l", str(SECONDS), "-v", "0"]
        command += [*MODES[mode], *options, "-u", server.url + PATHS[mode]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as slow:
            p99 = _p99(server, lambda: slow.poll() is not None)
            said, _ = slow.communicate()
        assert slow.returncode == 0 and "refused" not in said, said
        assert p99 < max(P99, 10 * before)
        assert "Traceback" not in server.log.read_text()
