"""Run all tests in several processes."""

import gc
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from api.contract.proof.plugin import is_whole

MOST_WORKERS = 4
"""With more workers, the longest tests would determine the duration of a run."""


def _processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _keep_bytecode(folder: Path) -> None:
    """Let all processes of a run share compiled modules, even with PYTHONDONTWRITEBYTECODE set.

    Compiling the service at each start of a server takes longer than importing it.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


def _collect_garbage_rarely() -> None:
    """Collect garbage rarely, because frequent collections would take a tenth of the run."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the environment of the processes that this one starts."""
    _keep_bytecode(config.rootpath / ".pytest_cache" / "bytecode")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Distribute a run of all tests, unless the command line has `-n` or `--dist`.

    Workers steal tests from each other, so that none is idle while another one runs a long file.
    """
    option = config.option
    undecided = getattr(option, "numprocesses", 0) is None and option.dist == "no"
    undecided = undecided and not (option.usepdb or option.trace)
    if undecided and is_whole(config) and not hasattr(config, "workerinput"):
        # One more than processors, because many tests wait for servers.
        option.numprocesses, option.dist = min(_processors() + 1, MOST_WORKERS), "worksteal"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that no worker is idle at the end, or leave them to CI."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if is_whole(config) and os.environ.get("CI") != "true":
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="CI=true pytest runs it: it takes long"))


def pytest_collection_finish() -> None:
    """Adjust garbage collection before the tests run."""
    _collect_garbage_rarely()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Adjust garbage collection before the documents are proven."""
    _collect_garbage_rarely()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded."""
    for line in _recorded(chain.from_iterable(terminalreporter.stats.values())):
        terminalreporter.write_line(line)


def _recorded(reports: Iterable[Any]) -> Iterator[str]:
    """Yield the id of each test that used `record_property`, and its figures."""
    for report in reports:
        # The teardown report has all properties of a test; an earlier report may have some.
        if getattr(report, "when", "") == "teardown" and report.user_properties:
            yield report.nodeid
            yield from (f"  {name}: {value}" for name, value in report.user_properties)
