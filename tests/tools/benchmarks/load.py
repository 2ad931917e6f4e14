"""Run wrk, and parse its results."""

import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

SCRIPT = Path(__file__).with_name("load.lua")
EXPECTED = {
    "details": {"201"},
    "sign_up": {"200"},
    "refuse": {"400"},
    "read": {"200"},
    "sign_up_with_password": {"200"},
    "both": {"200", "201"},
}
"""The allowed statuses of each work; `503+` is a 503 with `Retry-After`."""
BARE = {work: {"200" if work.startswith("sign_up") else "201"} for work in EXPECTED}
"""The bare app's statuses; it refuses nothing."""
CROWDED = EXPECTED | {"details": {"201", "503+"}}
"""The allowed statuses with more connections than are served at once."""
INSTALL = {"wrk": "apt-get install wrk", "py-spy": "pip install py-spy"}
PATHS = {"sign_up": "/userSignUp", "sign_up_with_password": "/userSignUp"}


@dataclass
class Load:
    """The results of a wrk: times in milliseconds, and the links of new records."""

    tag: str
    expected: set[str]
    seconds: float = 0
    p50: float = 0
    p99: float = 0
    sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)

    @property
    def succeeded(self) -> int:
        """Return the number of successful responses; a 503 isn't one."""
        return sum(n for status, n in self.statuses.items() if status in self.expected - {"503+"})

    @property
    def rate(self) -> float:
        return self.succeeded / self.seconds

    def wrong(self) -> list[str]:
        """Yield unexpected statuses and errors."""
        odd = [f"{n} answers {s}" for s, n in self.statuses.items() if s not in self.expected]
        broken = [f"{n} {kind} errors" for kind, n in self.errors.items() if n]
        return odd + broken + ["no answer"] * (not self.statuses)


class Wrk:
    """A running wrk."""

    def __init__(
        self,
        work: str,
        url: str,
        folder: Path,
        *,
        connections: int,
        seconds: int,
        kept: bool = True,
        expected: set[str] | None = None,
        links: Path | None = None,
        pause: int = 0,
    ) -> None:
        self.load = Load(f"t{uuid4().hex[:12]}", expected or EXPECTED[work])
        self.out = folder / self.load.tag
        closing = [] if kept else ["--header", "Connection: close"]
        wrk = f"wrk -t1 -c{connections} -d{seconds}s --timeout 60s".split()
        told = [work, str(self.out), self.load.tag, str(links or "-"), str(pause or "-")]
        self.process = subprocess.Popen(
            [*wrk, *closing, "-s", SCRIPT, url + PATHS.get(work, "/userDetails"), "--", *told],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def stop(self) -> None:
        """Stop wrk early, without a result."""
        self.process.kill()
        self.process.communicate()

    def result(self) -> Load:
        """Wait for the end, and return the results."""
        _, said = self.process.communicate()
        assert not self.process.returncode and self.out.exists(), said
        for line in self.out.read_text("ascii").splitlines():
            key, value = line.split(" ")
            kind, _, name = key.partition(":")
            if kind == "status":
                self.load.statuses[name] = int(value)
            elif kind == "error":
                self.load.errors[name] = int(value)
            elif kind == "link":
                self.load.links.append(value)
            else:
                setattr(self.load, kind, float(value))
        self.out.unlink()
        return self.load


def missing_program(name: str) -> str | None:
    """Return how to install wrk or py-spy, or None if it is installed."""
    return None if shutil.which(name) else f"{name} is missing: {INSTALL[name]}"
