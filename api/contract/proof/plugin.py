"""The pytest plugin: it records exchanges, judges each, and reports on the document at the end.

A contradiction fails the test in which it happens, or the run if no test runs. With pytest-xdist
each worker delivers its exchanges to the controlling process, which reports on all.
"""

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from inspect import iscoroutinefunction
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from .clients import record_clients
from .configuration import TABLE, Configuration, Misconfigured, configurations
from .exchanges import Exchange
from .proof import Contradiction, Proof
from .recording import Keep, current_test, recorded, recorded_asgi, write
from .report import MOST_LINES, write_reports

_MOST_CONTRADICTIONS = 20

_SELECTING = ["keyword", "markexpr", "deselect", "ignore", "ignore_glob", "lf", "collectonly"]
"""The options that select some of the tests, or none."""


def is_whole(config: pytest.Config) -> bool:
    """Return whether all tests are requested: `testpaths`, or without it no file and no test."""
    if any(config.getoption(option, None) for option in _SELECTING):
        return False
    paths = config.getini("testpaths")
    return config.args == paths if paths else all(Path(arg).is_dir() for arg in config.args)


class Contract:
    """One document, with the exchanges that are recorded for it."""

    def __init__(self, run: "Run", configuration: Configuration) -> None:
        self.configuration, self._run = configuration, run
        self.proof = Proof(configuration)
        self._provoked: list[Contradiction] | None = None

    @property
    def name(self) -> str:
        return self.proof.file.relative_to(self._run.config.rootpath).as_posix()

    def of(self, document: str) -> "Contract":
        """Return the contract of another document, which is named as in the configuration."""
        contracts = {contract.name: contract for contract in self._run.contracts}
        if document not in contracts:
            raise ValueError(f"{TABLE} has no {document}. Use one of {', '.join(contracts)}.")
        return contracts[document]

    def record(self, app: Any) -> Any:
        """Record the exchanges of a WSGI or ASGI app, and return the app to use.

        A Flask app is changed once, and returned. Of another app, a wrapper is returned.
        """
        if not hasattr(app, "wsgi_app"):
            return self._recorded(app)
        if getattr(app.wsgi_app, "contract", None) is not self:
            app.wsgi_app = self._recorded(app.wsgi_app)
        return app

    def _recorded(self, app: Any) -> Any:
        is_asgi = iscoroutinefunction(app) or iscoroutinefunction(app.__call__)
        wrap: Any = recorded_asgi if is_asgi else recorded
        wrapper = wrap(app, self.keep, self.proof.concerns)
        wrapper.contract = self
        return wrapper

    def keep(self, exchange: Exchange) -> None:
        """Judge and keep the exchange. A contradiction fails the test, if it is configured to."""
        try:
            (self.proof.keep if self._provoked is None else self.proof.judge)(exchange)
        except Contradiction as contradiction:
            if self._provoked is not None:
                self._provoked.append(contradiction)
            elif self.configuration.contradictions == "fail":
                self._run.add_contradiction(str(contradiction))

    @contextmanager
    def provoke(self) -> Iterator[list[Contradiction]]:
        """Yield the list of contradictions to come, which don't fail the test.

        No exchange is kept meanwhile.
        """
        self._provoked = []
        try:
            yield self._provoked
        finally:
            self._provoked = None


class Run:
    """The hooks of a run of tests."""

    def __init__(self, config: Any, read: list[Configuration]) -> None:
        self.config, self.contracts = config, [Contract(self, one) for one in read]
        option = config.option
        # A run of some tests names what is missing only if an option asks for it.
        self._names_missing = is_whole(config) or option.contract_report or option.contract_of
        self._reported = [contract for contract in self.contracts if self._prepare(contract)]
        if not self._reported:
            names = ", ".join(chain.from_iterable(c.proof.operations for c in self.contracts))
            raise Misconfigured(f"--contract-of: use one of the operations {names}.")
        self._is_worker = hasattr(config, "workerinput")
        self._workers = self._delivered = self._collected = 0
        self._ran: dict[str, bool] = {}  # By the test, if it was reached. False: it was skipped.
        self._in_test: dict[str, int] = {}
        self._outside: dict[str, int] = {}
        self._patch = pytest.MonkeyPatch()

    def _prepare(self, contract: Contract) -> bool:
        """Return whether the document is reported on."""
        proof, operation = contract.proof, self.config.option.contract_of or ""
        for mistake in proof.mistakes():
            raise Misconfigured(f"pyproject.toml, {TABLE}, {mistake}")
        needs_lines = "lines" in contract.configuration.fail_under
        if needs_lines and not find_spec("greenery"):
            install = "pip install 'openapi-proof[exactness]'"
            raise Misconfigured(f"pyproject.toml, {TABLE}, fail_under, lines: {install}.")
        proof.exactly = bool(self._names_missing and needs_lines)
        if operation in proof.operations:
            proof.operation = operation
        return proof.operation == operation

    def add_contradiction(self, text: str) -> None:
        """Note the contradiction for the test that runs, or for the run."""
        found = self._in_test if current_test() else self._outside
        if text not in found and len(found) >= _MOST_CONTRADICTIONS:
            text = "More exchanges contradict the document."
        found[text] = found.get(text, 0) + 1

    def pytest_sessionstart(self) -> None:
        """Record the clients' exchanges with the configured hosts."""
        if any(contract.configuration.hosts for contract in self.contracts):
            record_clients(self._choose, self._patch.setattr)

    def pytest_unconfigure(self) -> None:
        self._patch.undo()

    def _choose(self, url: str) -> list[Keep]:
        parts = urlsplit(url)
        hosts, path = {parts.netloc.rpartition("@")[2], parts.hostname}, unquote(parts.path)
        return [
            contract.keep
            for contract in self.contracts
            if hosts.intersection(contract.configuration.hosts) and contract.proof.concerns(path)
        ]

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._collected += len(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._collected += len(session.items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._ran[report.nodeid] = self._ran.get(report.nodeid, False) or report.when == "call"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Fail the test, or its setup or teardown, if an exchange contradicts the document."""
        text, self._in_test = _joined(self._in_test), {}
        if text and not call.excinfo:
            failing = pytest.CallInfo.from_call(lambda: pytest.fail(text, pytrace=False), call.when)
            call.excinfo = failing.excinfo
        report = yield
        if text and text not in str(report.longrepr):
            report.sections.append(("contradictions of the document", text))
        if text and report.skipped and not hasattr(report, "wasxfail"):
            report.outcome, report.longrepr = "failed", text
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Count a worker that is about to start."""
        self._workers += 1

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what a worker delivers when it ends. A crashed worker delivers nothing."""
        output = None if error else node.workeroutput.get("openapi-proof")
        if output is not None:
            self._delivered += 1
            self._collected = output["collected"]
            self._outside |= output["outside"]
            for contract, delivered in zip(self.contracts, output["proofs"], strict=True):
                contract.proof.receive(delivered)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """In a worker, deliver its exchanges. Elsewhere, fail the run for what is missing."""
        self._outside |= self._in_test
        if self._is_worker:
            self.config.workeroutput["openapi-proof"] = {
                "collected": self._collected,
                "outside": self._outside,
                "proofs": [contract.proof.deliver() for contract in self.contracts],
            }
        elif exitstatus == pytest.ExitCode.OK and (
            self._outside
            or self._delivered < self._workers
            or (is_whole(self.config) and any(map(self._faults, self._reported)))
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _faults(self, contract: Contract) -> list[str]:
        """Return the percentages that are too low, and promises that needn't be excused."""
        limits = contract.configuration.fail_under
        low = [
            f"{kind}: {figure.percent:.1f} % is less than the {limits[kind]} % of fail_under"
            for kind, figure in contract.proof.figures().items()
            if figure.percent < limits.get(kind, 0)
        ]
        return [*low, *contract.proof.needlessly_excused()]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the figures of each document, and what is missing, once for all workers."""
        if self._is_worker:
            return
        say, stats = terminalreporter.write_line, terminalreporter.stats
        if self._outside:
            say(f"contradictions outside of tests:\n{_joined(self._outside)}", red=True)
        if file := self.config.option.contract_traffic:
            write(chain.from_iterable(one.proof.exchanges for one in self.contracts), file)
        if self._delivered < self._workers:
            said = f"{self._delivered} of {self._workers} workers delivered their exchanges"
            say(f"{said}: no verdict", red=True)
            return
        state = self._state(len(stats.get("failed", [])) + len(stats.get("error", [])))
        none = self._ran and not any(contract.proof.recorded for contract in self._reported)
        for contract in self._reported:
            if contract.proof.recorded or none or (self._ran and not state):
                for line in self._summary(contract, state):
                    say(line)
                if folder := self.config.option.contract_report:
                    write_reports(folder, contract.proof, state)

    def _state(self, failed: int) -> str:
        """Return how many tests ran and failed, "" if all of them ran and none failed."""
        whole, ran = is_whole(self.config), sum(self._ran.values())
        if whole and not failed:
            return ""
        of = self._collected if whole or ran < self._collected else "the"
        said = f"{ran} of {of} tests ran" + (f", {failed} failed" if failed else "")
        return said if whole and len(self._ran) == self._collected else f"partial: {said}"

    def _summary(self, contract: Contract, state: str) -> Iterator[str]:
        """Yield the lines about a document at the end of a run."""
        proof = contract.proof
        yield f"{contract.name} ({state})" if state else contract.name
        if not proof.recorded:
            yield "  no exchange was recorded: use contract.record(app), or set hosts"
            if state:
                return
        yield f"  {proof.coverage}"
        for kind, figure in proof.figures().items():
            excused = f", {figure.excused} excused" if figure.excused else ""
            if kind != "lines":
                yield f"    {kind}: {figure.shown} of {figure.total} seen{excused}"
        if proof.exactly:
            yield f"  {proof.verdict}"
        yield from (f"  not judged: {n.what} ({proof.locate(n.place)})" for n in proof.not_judged())
        refused = proof.document.valid_refused.items()
        yield from (f"  refuses valid requests: {key} ({reason})" for key, reason in refused)
        if loose := proof.loose():
            kinds = Counter(one.what for one in loose).most_common()
            yield f"  loose: {len(loose)} ({'; '.join(f'{what}: {n}' for what, n in kinds)})"
        if not state:
            yield from (f"  {fault}" for fault in self._faults(contract))
        missing = list(proof.missing()) if self._names_missing else []
        for lines, most in (missing, MOST_LINES), (proof.causes(), _MOST_CONTRADICTIONS + 1):
            yield from (f"  {line}" for line in lines[:most])
            if more := len(lines[most:]):
                yield f"  and {more} more: pytest --contract-report=DIR writes all as JSON"


def _joined(found: dict[str, int]) -> str:
    times = (f"{text}\n  {n} exchanges like this." if n > 1 else text for text, n in found.items())
    return "\n".join(times)


_RUN = pytest.StashKey[Run]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that write reports."""
    group = parser.getgroup("openapi-proof")
    add = group.addoption
    add("--contract-report", type=Path, metavar="DIR", help="write what tests show of the document")
    add("--contract-traffic", type=Path, metavar="FILE", help="write exchanges, secrets masked")
    add("--contract-of", metavar="OPERATION", help="report on this operation alone")


def pytest_configure(config: pytest.Config) -> None:
    """Read the configuration. Without one, the plugin does nothing."""
    try:
        if read := configurations(config.rootpath / "pyproject.toml"):
            config.stash[_RUN] = Run(config, read)
            config.pluginmanager.register(config.stash[_RUN], "openapi-proof run")
    except Misconfigured as error:
        raise pytest.UsageError(str(error)) from None


@pytest.fixture(scope="session")
def contract(pytestconfig: pytest.Config) -> Contract:
    """The first document of the configuration, with the exchanges that are recorded for it."""
    if _RUN not in pytestconfig.stash:
        file = pytestconfig.rootpath / "pyproject.toml"
        pytest.fail(f'{file}: add {TABLE} with the document: document = "openapi.yaml".', False)
    return pytestconfig.stash[_RUN].contracts[0]
