"""Processes that run tests on mutants in copies of the repository, and mypy."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import cache_from_source
from itertools import accumulate
from pathlib import Path
from typing import Any

from tests.tools.mutation.forks import ON_POSTGRESQL
from tests.tools.mutation.mutants import Mutant

ROOT = Path(__file__).parents[3]
# In memory, because the copies are temporary.
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None

# Browsers, servers and fuzzing take minutes, and tests that read the source would fail for any
# change.
LEFT_OUT = "browser fuzz server readme package imports pins proof judges".split()
# Modules that run in a process of their own, and the tests that start one.
SERVED = {"__main__", "serve", "server"}
SERVERS = ["tests/server/test_server.py", "tests/server/test_server_wire.py"]
# The comparison of contracts has its own tests, and calls no other module of the service.
COMPARED = "changes"
COMPARING = "tests/contract/test_against", "tests/contract/changes/"
# Modules that behave differently on the two databases.
BOTH_DATABASES = {"security", "storage"}

FEW = 20
"""The number of tests to try first; selecting all the others takes longer than running these."""
ENOUGH = 20.0
"""Seconds of tests for one mutant on each database, according to the survey."""


def module_of(file: Path) -> str:
    """Return the name of a module of `api/` or `api/contract/`, or of a package in them."""
    parts = file.relative_to("api").parts
    return parts[parts[0] == "contract"].removesuffix(".py")


class Tests:
    """All available tests, with the duration and the called functions of each."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.seconds: dict[str, float] = said["seconds"]
        self._called = {
            test: {(file, line) for file, line in functions}
            for test, functions in said["called"].items()
        }

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests that may notice the mutant, up to `ENOUGH` seconds.

        These are the tests that call the function, or all tests for code that runs at import. The
        likeliest and quickest ones come first.
        """
        inside, module = mutant.file.relative_to("api"), module_of(mutant.file)
        if module in SERVED:
            return [test for test in self.seconds if test.partition("::")[0] in SERVERS]
        function = (str(inside), mutant.function or 0)
        calls = {test for test in self.seconds if function in self._called.get(test, ())}
        at_import = mutant.function is None or function in self._called.get("", ())
        chosen = [
            test
            for test in (self.seconds if at_import else calls)
            if not any(name in test.partition("::")[0] for name in LEFT_OUT)
            and (module != COMPARED or test.startswith(COMPARING))
            and (module in BOTH_DATABASES or not ON_POSTGRESQL.search(test))
        ]

        def distance(test: str) -> tuple[bool, bool, bool, float]:
            name = module.strip("_")
            mirrors = test.startswith(
                (
                    f"tests/{name}/",
                    f"tests/test_{name}",
                    f"tests/contract/{name}/",
                    f"tests/contract/test_{name}",
                )
            )
            near = mirrors or test.startswith("tests/contract/test_openapi.py")
            seconds = self.seconds[test]
            slow = seconds > 1 and not mirrors
            return slow, not near, test not in calls, seconds

        chosen.sort(key=distance)
        other = [test for test in chosen if ON_POSTGRESQL.search(test)]
        return self._enough([t for t in chosen if t not in other]) + self._enough(other)

    def _enough(self, tests: list[str]) -> list[str]:
        total = accumulate(self.seconds[test] for test in tests)
        return [test for test, seconds in zip(tests, total, strict=True) if seconds < ENOUGH]


class Judge:
    """A process that runs tests in its own copy of the repository."""

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        # PostgreSQL's user must be able to enter the folder.
        copy.parent.chmod(0o755)
        unwanted = shutil.ignore_patterns(".*", "*.db*", "build", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=unwanted)
        (copy / "tmp").mkdir()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.tools.mutation.forks"],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy), "TMPDIR": str(copy / "tmp")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def survey(self, modules: set[str]) -> Tests:
        """Measure the duration and the calls of each test that these modules may need."""
        served = SERVERS if modules & SERVED else []
        files = [
            name
            for name in (str(f.relative_to(ROOT)) for f in sorted((ROOT / "tests").rglob("test_*")))
            if name in served or not any(part in name for part in LEFT_OUT)
            if modules != {COMPARED} or name.startswith(COMPARING)
        ]
        both = bool(modules & BOTH_DATABASES)
        said = self._asked(3600, files=files, both_databases=both)
        if said["code"] != 0:
            sys.exit(f"The tests fail as it is: {said['failed']}")
        return Tests(said)

    def notices(self, mutant: Mutant, tests: Tests) -> str:
        """Return the first test that fails, or "mypy", or "" if neither notices the mutant."""
        self._write(mutant.file, mutant.mutated)
        try:
            return self._failing(mutant, tests) or self._types_fail()
        finally:
            self._write(mutant.file, mutant.source)

    def _write(self, module: Path, source: str) -> None:
        file = self.copy / module
        file.write_text(source, encoding="utf-8")
        # Remove the bytecode, which Python recognizes by size and second; two mutants may share
        # both.
        Path(cache_from_source(str(file))).unlink(missing_ok=True)

    def _failing(self, mutant: Mutant, tests: Tests) -> str:
        asked = tests.of(mutant)
        for some in asked[:FEW], asked[FEW:]:
            seconds = 20 + 4 * sum(tests.seconds[test] for test in some)
            if some and (said := self._asked(seconds, tests=some))["code"] != 0:
                return str((said["failed"] or ["none can be run"])[0])
        return ""

    def _types_fail(self) -> str:
        mypy = [sys.executable, "-m", "mypy", "-p", "api"]
        run = subprocess.run(mypy, cwd=self.copy, capture_output=True, check=False)
        return "mypy" if run.returncode == 1 else ""

    def _asked(self, seconds: float, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        print(json.dumps({"seconds": seconds, **asked}), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def judges(number: int) -> Iterator[list[Judge]]:
    """Yield `number` judges, each with its own copy."""
    with tempfile.TemporaryDirectory(prefix="mutation-", dir=MEMORY) as folder:
        them = [Judge(Path(folder, str(place))) for place in range(number)]
        yield them
        for judge in them:
            judge.close()
