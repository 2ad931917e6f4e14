"""deploy/sign-up-api.service: systemd reads it, rates it, and gets its notification."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from api.config import Settings
from tests.serving import REPOSITORY, serving

UNIT = REPOSITORY / "deploy" / "sign-up-api.service"


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze. If it isn't installed, skip the test; in CI, fail."""
    if not shutil.which("systemd-analyze"):
        otherwise = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        otherwise("There is no systemd-analyze here: apt-get install systemd")
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_unit_has_no_mistake(tmp_path: Path) -> None:
    """The interpreter stands for the program of the unit, which isn't installed here."""
    text = UNIT.read_text(encoding="utf-8")
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace("/opt/sign-up-api/bin/sign-up-api", sys.executable))
    checked = analyze("verify", "--man=no", unit)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_unit_is_confined() -> None:
    """The tool rates units from 0.0 to 10.0; the threshold is in tenths."""
    rated = analyze("security", "--offline=true", "--threshold=15", UNIT)
    assert rated.returncode == 0, rated.stdout


def test_the_unit_waits_for_requests_in_flight() -> None:
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)s$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert int(seconds) > Settings().grace_period


@pytest.mark.long
def test_the_service_notifies_systemd_when_it_is_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        with serving(tmp_path, {"NOTIFY_SOCKET": str(tmp_path / "notify")}) as server:
            assert b"READY=1" in systemd.recv(4096).splitlines()
            assert server.stop() == 0
