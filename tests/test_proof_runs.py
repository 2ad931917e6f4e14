"""A run of a part of the tests proves nothing, and isn't blamed for that."""

import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.server import REPOSITORY


def _listed(_folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only"]
    command += ["-o", "testpaths=tests/test_pins.py"]  # Whatever they are: all of them are asked.
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.meanwhile(work=_listed)
def test_who_only_lists_the_tests_is_not_told_what_was_not_seen(
    done: Future[subprocess.CompletedProcess[str]],
) -> None:
    run = done.result()
    assert run.returncode == pytest.ExitCode.OK, run.stdout
    assert "never seen" not in run.stdout
