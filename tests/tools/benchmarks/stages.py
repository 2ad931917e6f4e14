"""In which stage of a request the time of the service goes, by sampling the stacks of its workers.

Requires py-spy. A sample counts for the stage of its innermost function that belongs to one.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.tools.benchmarks.bench import Bench, Key
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
HEADS = ["stage", *(name for name, *_ in LIGHT.values())]


def shares(bench: Bench) -> list[list[str]]:
    """Return the share of each stage in the time of the workers, for each light work."""
    samples = {}
    with service(bench.folder / "sampled") as server:
        known = links(server.url, RECORDS, bench.folder / "sampled.links")
        for work in LIGHT:
            wrk = Wrk(
                work,
                server.url,
                bench.folder,
                connections=CONNECTIONS,
                seconds=SECONDS + 2,
                links=known,
            )
            samples[work] = _sampled(server.process.pid, bench.folder / f"{work}.stacks")
            bench.keep(Key("sampled", work, True, CONNECTIONS), wrk.result())
    return [
        [stage, *(f"{found[stage] / found.total():.0%}" for found in samples.values())]
        for stage in (*STAGES, "the rest")
    ]


def _sampled(process: int, file: Path) -> Counter[str]:
    """Return the number of samples of each stage."""
    options = f"--duration {SECONDS} --rate 200 --format raw --full-filenames".split()
    command = ["py-spy", "record", "--subprocesses", "--pid", str(process), "--output", str(file)]
    subprocess.run([*command, *options], check=True, capture_output=True)
    found: Counter[str] = Counter()
    for line in file.read_text().splitlines():
        stack, _, number = line.rpartition(" ")
        if not IDLE.search(stack):
            found[next(_stages_of(stack), "the rest")] += int(number)
    return found


def _stages_of(stack: str) -> Iterator[str]:
    """Yield the stages of the functions in a stack, that of the innermost one first."""
    for function in reversed(stack.split(";")):
        yield from (name for name, pattern in STAGES.items() if re.search(pattern, function))
