"""In which stage of a request the time of the service goes, by sampling the stacks of a worker.

Requires py-spy. A sample counts for the stage of its innermost function that belongs to one.
"""

import re
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.tools.benchmarks.bench import Bench
from tests.tools.benchmarks.load import Wrk
from tests.tools.benchmarks.rows import LIGHT
from tests.tools.benchmarks.servers import links, service
from tests.tools.benchmarks.works import RECORDS

SECONDS = 8
CONNECTIONS = 16
STAGES = {
    "accept": r"_accept|(_start|_wait_for_capacity) .*/server/worker",
    "receive": r"(recv|_read_body|_peek) .*/api/server|/gunicorn/http/(body|unreader)",
    "parse": r"/gunicorn/http/(parser|message)|(create|default_environ) .*/gunicorn/http/wsgi",
    "route": r"/werkzeug/routing/|(match_request|create_url_adapter) ",
    "rate limits": r"/api/security/\w*limit|/limits/",
    "validate": r"/api/contract/(bodies|encodings|fields|forms|inputs|multipart)|/marshmallow/",
    "gate": r"/api/contract/",
    "database": r"/api/storage/|/sqlalchemy/|sqlite3",
    "log and metrics": r"/api/observability/|/logging/|prometheus_client",
    "respond": r"/gunicorn/http/wsgi|/api/server/(connection|application)|_respond ",
    "Flask": r"/flask/|/werkzeug/|/api/",
}
"""The functions of each stage, as "name (file:line)". The first pattern that matches counts."""
IDLE = re.compile(r"_work \(.*/api/threads[.]py:\d+\)$|\brun \(.*/gevent/hub[.]py:\d+\)$")
"""Matches a stack whose thread waits for work."""
WORKS = ("details", "sign_up", "refuse", "read")


def missing_program() -> str | None:
    """Return how to install py-spy, or None if it is installed."""
    return None if shutil.which("py-spy") else "py-spy is missing: pip install py-spy"


def shares(bench: Bench) -> list[list[str]]:
    """Return the share of each stage in the time of a worker, for each light work."""
    found = {}
    with service(bench.folder / "sampled") as server:
        known = links(server.url, RECORDS, bench.folder / "sampled.links")
        worker = psutil.Process(server.process.pid).children()[0]
        for work in WORKS:
            wrk = Wrk(
                work,
                server.url,
                bench.folder,
                connections=CONNECTIONS,
                seconds=SECONDS + 2,
                links=known,
            )
            found[work] = _sampled(worker.pid, bench.folder / f"{work}.stacks")
            bench.wrong += wrk.result().wrong()
    return [
        [name, *(f"{found[work][name]:.0%}" for work in WORKS)] for name in (*STAGES, "the rest")
    ]


HEADS = ["stage", *(LIGHT[work][0] for work in WORKS)]


def _sampled(worker: int, file: Path) -> dict[str, float]:
    """Return the share of each stage in the samples of a worker."""
    options = f"--duration {SECONDS} --rate 200 --format raw --full-filenames".split()
    command = ["py-spy", "record", *options, "--output", str(file), "--pid", str(worker)]
    subprocess.run(command, check=True, capture_output=True)
    found: Counter[str] = Counter()
    for line in file.read_text().splitlines():
        stack, _, number = line.rpartition(" ")
        if not IDLE.search(stack):
            found[next(_stages_of(stack), "the rest")] += int(number)
    return defaultdict(float, {name: n / found.total() for name, n in found.items()})


def _stages_of(stack: str) -> Iterator[str]:
    """Yield the stages of the functions in a stack, that of the innermost one first."""
    for function in reversed(stack.split(";")):
        yield from (name for name, pattern in STAGES.items() if re.search(pattern, function))
