"""A run of all tests proves the documents by all workers' exchanges; a partial run doesn't."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from api.contract.proof.plugin import is_whole
from tests.contract.small_document import DOCUMENT, TRAFFIC
from tests.serving import REPOSITORY
from tests.whole_run import MOST_WORKERS, pytest_cmdline_main

DECIDED_LATER = {"numprocesses": None, "dist": "no", "usepdb": False, "trace": False}

CONFTEST = """
import os

from tests.contract.small_document import make_exchange

pytest_plugins = ["api.contract.proof.plugin", "tests.whole_run"]


def pytest_sessionfinish(session):
    worker = os.environ.get("PYTEST_XDIST_WORKER", "none")
    if worker == os.environ.get("CONTRADICTS"):
        contract = session.config.pluginmanager.get_plugin("openapi-proof run").contracts[0]
        contract.keep(make_exchange("PUT", "/notes", 200))
    if worker == os.environ.get("CRASHES"):
        os._exit(1)


def pytest_unconfigure(config):
    contract = config.pluginmanager.get_plugin("openapi-proof run").contracts[0]
    if "verdict" in vars(contract.proof):
        with open("verdicts", "a") as file:
            print(os.environ.get("PYTEST_XDIST_WORKER", "the main process"), file=file)
"""
TESTS = """
import os

import pytest
from tests.contract.small_document import TRAFFIC, make_exchange

LEFT_OUT, FAILS = int(os.environ.get("LEFT_OUT", -1)), int(os.environ.get("FAILS", -1))


LINKED = [0, 1, 11, 12]  # Two notes are left and read. Links are followed within a test.


@pytest.mark.parametrize("number", [n for n in range(len(TRAFFIC)) if n not in LINKED[1:]])
def test_an_exchange(number, contract, record_property):
    record_property("recorded by", os.environ["PYTEST_XDIST_WORKER"])
    for n in [number] if number else LINKED:
        if n != LEFT_OUT:
            contract.keep(TRAFFIC[n])
    if "REPORTED" in os.environ:
        contract.keep(make_exchange("PUT", "/notes", 200))
    assert number != FAILS
"""
NUMBER = len(TRAFFIC) - 3
PYPROJECT = """
[tool.openapi-proof]
document = "small.yaml"
fail_under = { responses = 100, headers = 100, fields = 100, lines = 100 }

[tool.pytest.ini_options]
testpaths = ["test_small.py"]
"""
PROVEN = """
  contract: 20 of 20 promises seen
    responses: 5 of 5 seen
    headers: 1 of 1 seen
    fields: 14 of 14 seen
  exactness: 42 of 42 lines proven"""


def run(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tests above with two workers, without unneeded plugins."""
    mode = 'contradictions = "report"\n' if "REPORTED" in environment else ""
    document = 'document = "small.yaml"\n'
    (folder / "pyproject.toml").write_text(PYPROJECT.replace(document, document + mode))
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_small.py").write_text(TESTS)
    (folder / "small.yaml").write_text(yaml.safe_dump(DOCUMENT, sort_keys=False))
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "no:cacheprovider", "-n2"]
    # These tests may run in a worker themselves.
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [*command, *options],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def asked_for(args: Iterable[str] = ("tests",), **option: Any) -> Any:
    """Return the configuration of a run with these arguments and options."""
    return SimpleNamespace(
        args=list(args),
        option=SimpleNamespace(**option),
        getini=lambda _: ["tests"],
        getoption=lambda name, default=None: option.get(name, default),
    )


def test_the_exchanges_of_two_workers_prove_a_document_together(tmp_path: Path) -> None:
    ran = run(tmp_path)
    assert ran.returncode == pytest.ExitCode.OK, ran.stdout
    assert "  recorded by: gw0\n" in ran.stdout and "  recorded by: gw1\n" in ran.stdout
    assert PROVEN in ran.stdout
    # pytest-xdist lets each worker write a summary, which nobody reads.
    assert (tmp_path / "verdicts").read_text() == "the main process\n"


def test_an_uncovered_declaration_fails_the_run(tmp_path: Path) -> None:
    ran = run(tmp_path, LEFT_OUT="0")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout
    assert "\n  never seen: " in ran.stdout and " passed in " in ran.stdout
    assert "failed" not in ran.stdout


def test_a_worker_that_does_not_deliver_what_it_saw_fails_the_run(tmp_path: Path) -> None:
    """The worker crashes after its last test, so that no test fails."""
    ran = run(tmp_path, CRASHES="gw1")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout
    assert "workers delivered their exchanges: no verdict" in ran.stdout
    assert "failed" not in ran.stdout and "contract: " not in ran.stdout


def test_a_run_with_a_failed_test_gets_a_verdict(tmp_path: Path) -> None:
    ran = run(tmp_path, FAILS="0")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout
    assert f"small.yaml ({NUMBER} of {NUMBER} tests ran, 1 failed)" in ran.stdout
    assert PROVEN in ran.stdout


def test_a_contradiction_outside_of_the_tests_of_a_worker_fails_the_run(tmp_path: Path) -> None:
    ran = run(tmp_path, CONTRADICTS="gw1")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout
    assert "contradictions outside of tests:\nsmall.yaml:8: PUT /notes isn't" in ran.stdout
    assert PROVEN in ran.stdout and "failed" not in ran.stdout


def test_the_contradictions_of_two_workers_are_counted_together(tmp_path: Path) -> None:
    ran = run(tmp_path, REPORTED="1")
    assert ran.returncode == pytest.ExitCode.OK, ran.stdout
    said = f"small.yaml:8: PUT /notes isn't declared, but gets 200 ({NUMBER} exchanges)"
    assert f"{PROVEN}\n" in ran.stdout
    assert f"  contradictions: 1 (in 1 test)\n    {said}\n" in ran.stdout


def test_a_chosen_test_with_workers_is_a_part(tmp_path: Path) -> None:
    ran = run(tmp_path, "-k", "exchange[2]")
    assert ran.returncode == pytest.ExitCode.OK, ran.stdout
    assert f"small.yaml (partial: 1 of {NUMBER} tests ran)\n  contract: " in ran.stdout
    assert "never seen" not in ran.stdout


def test_a_run_that_only_lists_the_tests_gets_no_verdict(tmp_path: Path) -> None:
    ran = run(tmp_path, "--collect-only")
    assert ran.returncode == pytest.ExitCode.OK, ran.stdout
    assert " tests collected in " in ran.stdout and "never seen" not in ran.stdout


@pytest.mark.parametrize(
    ("changed", "whole"),
    [
        ({}, True),
        ({"args": ["tests/contract/test_pins.py"]}, False),
        *[({name: "some"}, False) for name in ("keyword", "markexpr", "deselect", "lf")],
    ],
)
def test_a_run_of_a_part_of_the_tests_is_not_a_whole_one(
    changed: dict[str, Any], whole: bool
) -> None:
    assert is_whole(asked_for(**changed)) == whole


@pytest.mark.parametrize(
    ("processors", "changed", "workers"),
    [
        (2, {}, 3),
        (MOST_WORKERS, {}, MOST_WORKERS),
        (1, {}, 2),
        (2, {"numprocesses": 0}, 0),
        (2, {"numprocesses": 2}, 2),
        (2, {"dist": "each"}, None),
        (2, {"usepdb": True}, None),
        (2, {"trace": True}, None),
        (2, {"keyword": "some"}, None),
    ],
)
def test_a_run_of_all_tests_is_distributed_unless_the_command_line_says_how(
    processors: int, changed: dict[str, Any], workers: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    config = asked_for(**DECIDED_LATER | changed)
    pytest_cmdline_main(config)
    assert config.option.numprocesses == workers


def test_without_xdist_all_tests_run_in_one_process() -> None:
    config = asked_for()
    pytest_cmdline_main(config)
    assert config.option == SimpleNamespace()
