"""The server, started as the README says: `python -m api`, in a folder and on a port of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


@dataclass
class Server:
    """A running server: its process, its URL, its first line of output, and its log."""

    process: subprocess.Popen[str]
    url: str
    startup_line: str
    log: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal, and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=40)


def free_port() -> int:
    """Reserve a port of 127.0.0.1 for as long as this process runs.

    On Linux, a server that sets SO_REUSEADDR, as all of them do, may listen on a port that is bound
    but not listened on, and no process that asks for a free port gets it. On other systems, the
    port is only free at this moment.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    port: int = reserved.getsockname()[1]
    if sys.platform == "linux":
        reserved.detach()
    else:
        reserved.close()
    return port


def start(
    folder: Path, module: str = "api", ulimit: str = "", **settings: str
) -> subprocess.Popen[str]:
    """Start `python -m api` in `folder`, with these settings and no others from the environment.

    `ulimit` has options of the shell's `ulimit` command, such as "-Sn 80".
    """
    command = [sys.executable, "-m", module]
    if ulimit:
        command = ["sh", "-c", f'ulimit {ulimit}; exec "$0" "$@"', *command]
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    with (folder / "server.log").open("w") as log:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=kept | {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"} | settings,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )


@contextmanager
def serving(
    folder: Path,
    settings: Mapping[str, str] | None = None,
    module: str = "api",
    ulimit: str = "",
) -> Iterator[Server]:
    """Run a server until the block ends, and kill all its processes then."""
    port = str(free_port())
    process = start(folder, module, ulimit, **({"PORT": port} | dict(settings or {})))
    assert process.stdout
    try:
        startup_line = process.stdout.readline()
        assert startup_line, (folder / "server.log").read_text()
        yield Server(process, f"http://localhost:{port}", startup_line, folder / "server.log")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
