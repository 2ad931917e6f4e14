"""Fuzz the server until enough requests were judged, and print the figures."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from sqlalchemy import create_engine, text

from api.contract import FORM
from tests.actor import PASSWORD
from tests.postgresql import running
from tests.serving import REPOSITORY, Server, serving
from tests.tools.long_fuzz.figures import FIGURES, Figures
from tests.tools.long_fuzz.varied import ACCEPTS, CREDENTIALS, USERNAME

HERE = Path(__file__).parent
# ignored_auth repeats requests without credentials, which this program doesn't predict.
# `schemathesis run` includes it, in tests/test_fuzz.py.
FUZZ = [
    *f"schemathesis --config-file={HERE / 'schemathesis.toml'} fuzz --no-color".split(),
    *"--continue-on-failure --max-failures=20 --exclude-checks=ignored_auth".split(),
]
# A run consists of shorter ones of this many seconds, each with a seed and an empty database.
# Hypothesis starts with simple data, so that very short ones would test little.
SHORTEST, LONGEST, SEEDS_APART = 20, 120, 1000
RATE = 25.0
"""Requests per second on an idle machine."""
# On a slow machine too few requests may succeed; so many further runs are allowed.
MORE = 3
# Rate limits are off, because they have tests of their own and would refuse most requests.
SETTINGS = dict.fromkeys(
    ("RATELIMIT_PASSWORDS", "RATELIMIT_TAKEN", "RATELIMIT_FAILURES"), "1000000 per minute"
)


def is_odd(line: str) -> bool:
    """Return whether a line of the server's log is an error, or not JSON."""
    try:
        return json.loads(line)["level"] in ("error", "critical")
    except ValueError:
        return True


def fuzz(
    database_url: str,
    asked: int,
    seed: int,
    *,
    shortest: int = SHORTEST,
    settings: Mapping[str, str] = SETTINGS,
) -> Figures:
    """Send at least `asked` requests to a server with this database and these settings."""
    figures, rate, spent, more = Figures(), RATE, 0, MORE
    while not (figures.failures or figures.surprises):
        missing = asked - figures.judged.total()
        if missing <= 0:
            if not more or not figures.few(asked):
                break
            more -= 1
        # A slow machine needs longer for the same depth, because Hypothesis starts with simple
        # data.
        seconds = min(LONGEST, max(shortest, int(max(missing, shortest * RATE) / rate) + 2))
        with tempfile.TemporaryDirectory() as folder:
            figures += _fuzz_once(
                Path(folder), {**settings, "DATABASE_URL": database_url}, seconds, seed
            )
        spent += seconds
        rate = max(1, figures.judged.total() / spent)
        report = f"{figures.judged.total():,} of {asked:,} requests, up to seed {seed}"
        print(f"{database_url.partition(':')[0]}: {report}", file=sys.stderr)  # noqa: T201
        seed += SEEDS_APART
    return figures


def _fuzz_once(folder: Path, settings: Mapping[str, str], seconds: int, seed: int) -> Figures:
    file = folder / "figures.json"
    environment = {
        "SCHEMATHESIS_HOOKS": "tests.tools.long_fuzz.hooks",
        "PYTHONPATH": str(REPOSITORY),
    }
    with serving(folder, settings) as server:
        _begin(server, settings["DATABASE_URL"])
        run = subprocess.run(
            [*FUZZ, f"--max-time={seconds}", f"--seed={seed}", f"{server.url}/openapi.json"],
            cwd=folder,
            env=os.environ | environment | {FIGURES: str(file)},
            capture_output=True,
            text=True,
            check=False,
        )
        figures = Figures.from_json(file.read_text("utf-8")) if file.exists() else Figures()
        # schemathesis's count must equal ours, and the run must not have ended by itself.
        ended = "Stop reason: Time limit reached" in run.stdout
        if run.returncode or not ended or f" {figures.judged.total()} generated" not in run.stdout:
            figures.failures.append(f"seed {seed}: {run.stdout}{run.stderr}")
        status, log = server.stop(), server.log.read_text("utf-8").splitlines()
        if (odd := [line for line in log if is_odd(line)]) or status:
            figures.failures.append(f"seed {seed}: the server ended with {status}, and says: {odd}")
    return figures


def _begin(server: Server, database_url: str) -> None:
    """Start with an empty database, except for one account."""
    engine = create_engine(database_url)
    if engine.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE accounts, user_details, idempotency_keys"))
    engine.dispose()
    account = {"username": USERNAME, "password": PASSWORD}
    requests.post(f"{server.url}/userSignUp", account, timeout=60).raise_for_status()


def long_fuzz(postgresql_url: str, asked: int, seed: int) -> dict[str, Figures]:
    """Send half of the requests to each kind of database, concurrently."""
    urls = {"SQLite": "sqlite:///signup.db", "PostgreSQL": postgresql_url}
    with ThreadPoolExecutor() as both:
        runs = {kind: both.submit(fuzz, url, asked // 2, seed) for kind, url in urls.items()}
        return {kind: run.result() for kind, run in runs.items()}


def untried(figures: Figures) -> Iterator[str]:
    """Return the variations that a run should contain and doesn't."""
    kinds = {
        "encoding": ["no body", *FORM],
        "accept": [accept or "none" for accept in ACCEPTS],
        "credentials": CREDENTIALS.values(),
    }
    for name, wanted in kinds.items():
        seen = {getattr(row, name) for row in figures.judged}
        yield from (f"never tried, {name}: {kind}" for kind in sorted({*wanted} - seen))


def report(found: dict[str, Figures]) -> Iterator[str]:
    """Yield the figures of each database, and of both together."""
    together = Figures()
    for kind, figures in found.items():
        together += figures
        yield from (f"on {kind}:", *figures.table())
    yield from ("on both:", *together.table())


def main() -> None:
    """Parse the number of requests and the seed, fuzz, and exit 1 if anything is wrong."""
    parser = argparse.ArgumentParser("python -m tests.tools.long_fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000, help="in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first run (%(default)s)")
    given = parser.parse_args()
    started = time.monotonic()
    with running() as url:
        found = long_fuzz(url, given.requests, given.seed)
    wrong = [
        f"{kind}: {line}"
        for kind, figures in found.items()
        for line in (*figures.wrong(given.requests // 2), *untried(figures))
    ]
    minutes = (time.monotonic() - started) / 60
    print(*report(found), *wrong, sep="\n")  # noqa: T201
    verdict = f"{len(wrong)} things are wrong" if wrong else "nothing is wrong"
    print(f"seed {given.seed}, {minutes:.0f} minutes: {verdict}")  # noqa: T201
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
