"""`python -m tests.tools.mutation.forks`: run some tests in a copy of the repository.

All modules but `api` and the tests are imported once, and each run is a fork, so that a mutant
costs no more than its tests. Each line of JSON on standard input is a request, and each line of
JSON on standard output a response.
"""

import gc
import importlib
import json
import os
import re
import select
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

WARM = """
alembic.command alembic.config apispec argon2 click.testing flask.testing limits
flask_swagger_ui greenery gunicorn.arbiter hypothesis jsonschema_rs openapi_spec_validator psycopg
redis schemathesis sqlalchemy.dialects.postgresql sqlalchemy.dialects.sqlite
werkzeug.middleware.proxy_fix
""".split()
# pytest can't rewrite the assertions of modules that are imported already; don't warn about that.
ARGUMENTS = """
-x -p no:cacheprovider -p no:terminal -o addopts= -W ignore::pytest.PytestAssertRewriteWarning
""".split()
API = f"{Path('api').absolute()}/"

# Matches the name of a test on the second database, if it runs on both.
ON_POSTGRESQL = re.compile(r"[\[-]postgresql[\]-]")

# A function, by its file and first line.
Function = tuple[str, int]


class Recorder:
    """A plugin that records the failed tests, each duration, and the called functions of `api/`.

    Calls during collection, or in shared fixtures, belong to no test.
    """

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.seconds: dict[str, float] = defaultdict(float)
        self.called: dict[str, set[Function]] = defaultdict(set)
        self._test = ""

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """The profile function, which Python runs for each call."""
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(API):
            function = code.co_filename.removeprefix(API), code.co_firstlineno
            self.called[self._test].add(function)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._test = item.nodeid
        try:
            return (yield)
        finally:
            self._test = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        test = self._test
        if fixturedef.scope == "session":
            self._test = ""
        try:
            return (yield)
        finally:
            self._test = test

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed.append(report.nodeid)


class Choice:
    """A plugin that runs only these tests, in this order."""

    def __init__(self, tests: list[str]) -> None:
        self.order = {test: place for place, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = [item for item in items if item.nodeid in self.order]
        items[:] = sorted(chosen, key=lambda item: self.order[item.nodeid])


class OneDatabase:
    """A plugin that skips tests that also run on the other database."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not ON_POSTGRESQL.search(item.nodeid)]


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """Run these tests, given by file (then recorded) or by id, and return the results."""
    watch = Recorder()
    if files := asked.get("files"):
        threading.setprofile(watch.note)
        sys.setprofile(watch.note)
        plugins = [watch] if asked["both_databases"] else [watch, OneDatabase()]
        code = pytest.main([*ARGUMENTS, *files], plugins=plugins)
        sys.setprofile(None)
    else:
        files = dict.fromkeys(test.partition("::")[0] for test in asked["tests"])
        code = pytest.main([*ARGUMENTS, *files], plugins=[watch, Choice(asked["tests"])])
    called = {test: sorted(functions) for test, functions in watch.called.items()}
    return {"code": code, "failed": watch.failed, "seconds": watch.seconds, "called": called}


def run_in_a_fork(asked: dict[str, Any]) -> str:
    """Run in a fork, and return the result. After a timeout, kill it with all its children."""
    answers, answer = os.pipe()
    child = os.fork()
    if not child:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in 0, 1, 2:
            os.dup2(nothing, stream)
        try:
            with os.fdopen(answer, "w") as pipe:
                json.dump(run(asked), pipe)
        finally:
            os._exit(0)
    os.close(answer)
    with os.fdopen(answers) as pipe:
        in_time = select.select([pipe], [], [], asked["seconds"])[0]
        if not in_time:
            os.killpg(child, signal.SIGKILL)
        said = pipe.readline() if in_time else ""
    os.waitpid(child, 0)
    return said or '{"code": -1, "failed": ["none: it ended, or went on for too long"]}'


def main() -> None:
    """Handle requests until standard input ends."""
    # These plugins are for fuzzing, and slow to load.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for module in WARM:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(run_in_a_fork(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
