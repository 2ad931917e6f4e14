"""A run of a part of the tests proves nothing, and isn't blamed for that."""

import subprocess
import sys

import pytest

from tests.server import REPOSITORY


def test_who_only_lists_the_tests_is_not_told_what_was_not_seen() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only"]
    command += ["-o", "testpaths=tests/test_pins.py"]  # Whatever they are: all of them are asked.
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert run.returncode == pytest.ExitCode.OK, run.stdout
    assert "never seen" not in run.stdout
