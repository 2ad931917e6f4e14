"""`python -m tests.compare_servers`: gunicorn and Granian on this app, by turns (wants wrk).

Prints requests per second of `POST /userDetails` and, for each server, what becomes of a body that
breaks off: whether the app is told.
"""

import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.server import free_port

ROUNDS, SECONDS, CONNECTIONS = 3, 5, 16
POST = """
wrk.method = "POST"
wrk.body = "username=sam&firstname=john&lastname=king"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
"""
BROKEN = (
    b"POST /userDetails HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    b"19\r\nusername=sam&lastname=kin\r\nnonsense\r\n"
)
SERVERS = {
    "gunicorn": "-m gunicorn -w 2 -k gthread --threads 16 -b 127.0.0.1:{port} api:create_app()",
    "granian": "-m granian --interface wsgi --factory --workers 2 --blocking-threads 16"
    " --port {port} --no-log api:create_app",
}


def _rate(script: Path, port: int, *options: str) -> float:
    url = f"http://127.0.0.1:{port}/userDetails"
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", f"-s{script}", *options, url]
    said = subprocess.check_output(wrk, text=True)
    found = re.search(r"Requests/sec: +([0-9.]+)", said)
    assert found and "Non-2xx" not in said, said
    return float(found[1])


def _answer_to_a_broken_body(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(BROKEN)
        return connection.recv(64).decode().splitlines()[0]


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    script = folder / "post.lua"
    script.write_text(POST)
    ports = {name: free_port() for name in SERVERS}
    upgrade = "from api import create_app; from api.database import upgrade;" + (
        "upgrade(create_app().extensions['store'].engine)"
    )
    subprocess.check_call([sys.executable, "-c", upgrade])
    running = [
        subprocess.Popen([sys.executable, *SERVERS[name].format(port=port).split()])
        for name, port in ports.items()
    ]
    time.sleep(3)
    rates: dict[tuple[str, str], list[float]] = {}
    try:
        for _ in range(ROUNDS):
            for name, port in ports.items():
                for kind, options in (("kept", []), ("closing", ["-HConnection: close"])):
                    rates.setdefault((name, kind), []).append(_rate(script, port, *options))
        for (name, kind), rounds in rates.items():
            print(f"{name:9} {kind:8} {statistics.median(rounds):6.0f} requests/s")  # noqa: T201
        for name, port in ports.items():
            print(f"{name:9} broken   {_answer_to_a_broken_body(port)}")  # noqa: T201
    finally:
        for server in running:
            server.terminate()
            server.wait(timeout=30)


if __name__ == "__main__":
    main()
