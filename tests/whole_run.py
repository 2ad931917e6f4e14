"""Run all tests in several processes, and prove the documents by all recorded exchanges.

Each worker process checks its exchanges against the documents while its tests run. When it ends, it
tries its part of the mutants on them, and sends both to the controlling process, which tries the
remaining mutants on the exchanges of all workers and gives the verdict.
"""

import gc
import os
import pickle
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from api.contract.proof.proof import Proof
from api.contract.proof.recording import write

MOST_WORKERS = 4
"""With more workers, the longest tests would determine the duration of a run."""
MOST_LINES = 60

_CHOOSING = ["keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "collectonly"]
"""The options that select some of the tests, or none."""


def is_whole(config: pytest.Config) -> bool:
    """Return whether all tests were requested. A partial run can't prove the documents."""
    chosen = any(config.getoption(option, None) for option in _CHOOSING)
    return config.args == config.getini("testpaths") and not chosen


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


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


class WholeRun:
    """A pytest plugin that distributes a run of all tests and proves the documents.

    `--traffic` writes the exchanges of the first proof.
    """

    def __init__(self, proofs: list[Proof]) -> None:
        self.proofs = proofs
        self._workers = self._delivered = 0

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        """Add the options that write the proofs and the exchanges."""
        group = parser.getgroup("proof")
        group.addoption("--proof", type=Path, help="write the proofs there, as HTML")
        group.addoption("--traffic", type=Path, help="keep all exchanges there, secrets masked")

    def pytest_configure(self, config: pytest.Config) -> None:
        """Prepare the environment of the processes that this one starts."""
        _keep_bytecode(config.rootpath / ".pytest_cache" / "bytecode")

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """Distribute a run of all tests, unless the command line has `-n` or `--dist`.

        Workers steal tests from each other, so that none is idle while another one runs a long
        file.
        """
        option = config.option
        undecided = getattr(option, "numprocesses", 0) is None and option.dist == "no"
        undecided = undecided and not (option.usepdb or option.trace)
        if undecided and is_whole(config) and not _is_worker(config):
            workers = min(_processors(), MOST_WORKERS)
            if workers > 1:
                option.numprocesses, option.dist = workers, "worksteal"

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run the longest tests first, so that no worker is idle at the end."""
        items.sort(key=lambda item: item.get_closest_marker("long") is None)

    def pytest_collection_finish(self) -> None:
        """Adjust garbage collection before the tests run."""
        _collect_garbage_rarely()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Count a worker that is about to start."""
        self._workers += 1

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Collect the exchanges of a worker that ended. A crashed worker delivers none."""
        delivered = None if error else node.workeroutput.get("exchanges")
        if delivered is not None:
            self._delivered += 1
            for proof, found in zip(self.proofs, pickle.loads(delivered), strict=True):
                exchanges, results = found
                proof.exchanges += exchanges
                proof.results |= results

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """In a worker, deliver its exchanges. In the controlling process, prove the documents."""
        config: Any = session.config
        if _is_worker(config):
            if is_whole(config) and exitstatus == pytest.ExitCode.OK:
                self._judge_parts(config.workerinput)
            found = [(proof.exchanges, proof.results) for proof in self.proofs]
            config.workeroutput["exchanges"] = pickle.dumps(found)
        elif exitstatus == pytest.ExitCode.OK and not self._is_proven(config):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _judge_parts(self, worker: dict[str, Any]) -> None:
        """Try a part of the mutants in each worker, so that no processor is idle."""
        number, workers = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
        for proof in self.proofs:
            proof.judge_part(number % workers, workers)

    def _is_proven(self, config: pytest.Config) -> bool:
        if self._delivered < self._workers:
            return False
        _collect_garbage_rarely()
        return not is_whole(config) or all(proof.holds for proof in self.proofs)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the figures that tests recorded, the verdicts, and what is missing."""
        config, stats = terminalreporter.config, terminalreporter.stats
        for line in _recorded(chain.from_iterable(stats.values())):
            terminalreporter.write_line(line)
        if config.getoption("traffic"):
            write(self.proofs[0].exchanges, config.getoption("traffic"))
        if self._delivered < self._workers:
            said = f"{self._delivered} of {self._workers} workers delivered their exchanges"
            terminalreporter.write_line(f"{said}: no verdict", red=True)
            return
        whole, failed = is_whole(config), stats.get("failed") or stats.get("error")
        judged = config.getoption("proof") or (whole and not failed)
        for proof in (proof for proof in self.proofs if judged and (whole or proof.exchanges)):
            say = terminalreporter.write_line
            say(str(proof.file.relative_to(config.rootpath)))
            say(f"  {proof.coverage}")
            say(f"  {proof.verdict} ({proof.verdict.figures}, in {proof.seconds:.0f} s)")
            missing = list(proof.missing())
            for line in missing[:MOST_LINES]:
                say(f"  {line}", red=True)
            if more := len(missing[MOST_LINES:]):
                say(f"  and {more} more: pytest --proof=proof writes all", red=True)
            if config.getoption("proof"):
                proof.report(config.getoption("proof"))


def _recorded(reports: Iterable[Any]) -> Iterator[str]:
    """Yield the id of each test that used `record_property`, and its figures."""
    for report in reports:
        # The teardown report has all properties of a test; an earlier report may have some.
        if getattr(report, "when", "") == "teardown" and report.user_properties:
            yield report.nodeid
            yield from (f"  {name}: {value}" for name, value in report.user_properties)
