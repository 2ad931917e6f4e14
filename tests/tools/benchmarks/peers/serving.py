"""The servers of the peers, installed in an environment of their own."""

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.serving import REPOSITORY, free_port
from tests.tools.benchmarks.servers import WORKERS, wait_until

_UVICORN = f"-m uvicorn --workers {WORKERS} --log-level error --no-access-log --port".split()
_GUNICORN = f"-m gunicorn -k gthread -w {WORKERS} --threads 16 --log-level error -b".split()
PEERS = {
    "FastAPI": (_UVICORN, "fastapi_app"),
    "Litestar": (_UVICORN, "litestar_app"),
    "Connexion": (_UVICORN, "connexion_app"),
    "APIFlask": (_GUNICORN, "apiflask_app"),
    "flask-smorest": (_GUNICORN, "flask_smorest_app"),
}
"""The command that serves each peer, up to the port, and the module of its app.

Each runs as many worker processes as the service and the bare app.
"""
_CREATE = """
from tests.tools.benchmarks.peers.records import Base, engine
Base.metadata.create_all(engine)
"""


def install(folder: Path) -> Path:
    """Install the peers in a new virtual environment, and return its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    requirements = Path(__file__).with_name("requirements.txt")
    print("The peers are installed …", file=sys.stderr, flush=True)
    # Isolated, so that pip doesn't compare them with the service's own requirements.
    pip = [str(python), "-I", "-m", "pip", "install", "--quiet", "-r", str(requirements)]
    subprocess.run(pip, check=True)
    return python


@contextmanager
def serve(python: Path, name: str, database: Path) -> Iterator[str]:
    """Serve the peer with this name on a new database, and yield its address."""
    command, module = PEERS[name]
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{database}"}
    subprocess.run([python, "-c", _CREATE], cwd=REPOSITORY, env=environment, check=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    address = str(port) if command is _UVICORN else f"127.0.0.1:{port}"
    process = subprocess.Popen(
        [python, *command, address, f"{__package__}.{module}:app"],
        cwd=REPOSITORY,
        env=environment,
        start_new_session=True,
    )
    form = {"username": "sam", "lastname": "king"}
    try:
        # The service's responses, so that the work is the same.
        wait_until(lambda: requests.post(f"{url}/userDetails", form, timeout=60).ok)
        created = requests.post(f"{url}/userDetails", form, timeout=60)
        assert created.status_code == 201
        assert created.headers["Location"] == f"/userDetails/{created.json()['id']}"
        assert created.json()["message"] == "Success"
        del form["lastname"]
        assert requests.post(f"{url}/userDetails", form, timeout=60).status_code in (400, 422)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=40)
