"""The service as process 1, as in a container: SIGTERM ends it, also while it starts."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil

from tests.image import ISOLATED, skip_without_namespaces
from tests.serving import REPOSITORY


def test_sigterm_ends_a_service_that_waits_for_its_database_at_start(tmp_path: Path) -> None:
    skip_without_namespaces()
    with socket.create_server(("127.0.0.1", 0)) as silent, (tmp_path / "log").open("w") as log:
        port = silent.getsockname()[1]
        process = subprocess.Popen(
            [*ISOLATED, sys.executable, "-m", "api"],
            cwd=tmp_path,
            env={
                "PYTHONPATH": str(REPOSITORY),
                "DATABASE_URL": f"postgresql://sam@127.0.0.1:{port}/signup?connect_timeout=600",
                "DATABASE_TIMEOUT": "60",
            },
            stderr=log,
        )
        try:
            connection, _ = silent.accept()
            with connection:
                (first,) = psutil.Process(process.pid).children()
                first.send_signal(signal.SIGTERM)
                assert process.wait(timeout=40) == 128 + signal.SIGTERM
        finally:
            process.kill()
            process.wait()
    assert (tmp_path / "log").read_text() == ""
