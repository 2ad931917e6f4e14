"""`python -m tests.tools.contract_costs`: what the contract costs a request, and a run of tests.

It prints ratios of CPU times, each the median of rounds that alternate with the reference's, so
that other programs on the machine change little.
"""

import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask, request
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.test import EnvironBuilder

from api.contract import JSON, Body, Gate, Reply, message, operation
from api.contract.openapi import document, to_yaml
from tests.serving import REPOSITORY
from tests.tools.benchmarks.table import table

NUMBERS = (5, 50, 500)
"""Numbers of operations in a document."""
ROUNDS, REQUESTS = 15, 300
TESTED, TEST_ROUNDS = 50, 5
"""The operations of the app that is tested with and without the recorder, and the runs."""

_TESTS = '''
"""Each test sends one request, valid or not."""

import pytest

from tests.tools.contract_costs import TESTED, VALID, app_of


@pytest.fixture(scope="session")
def client(contract):
    return contract.record(app_of(TESTED, declared=False)).test_client()


@pytest.mark.parametrize("n", range(TESTED))
@pytest.mark.parametrize(
    ("form", "status"),
    [
        (VALID, 201),
        (VALID | {"title": "x" * 80}, 201),
        (VALID | {"title": "x" * 81}, 400),
        (VALID | {"title": ""}, 400),
        (VALID | {"kind": "third"}, 400),
        ({}, 400),
    ],
)
def test_things(client, n, form, status):
    assert client.post(f"/things{n}", data=form).status_code == status
'''
_CONFIGURATION = "[tool.openapi-proof]\ndocument = 'openapi.yaml'\n[tool.pytest.ini_options]\n"
_OWN_TESTS = ["tests/test_sign_up.py", "tests/test_user_details.py"]
_UNRECORDED = '''
import pytest


class Contract:
    """In place of the recorder."""

    def record(self, app):
        return app


@pytest.fixture(scope="session")
def contract():
    return Contract()
'''
"""A conftest.py for a run without the plugin."""

_WITHOUT_RECORDING = """
def pytest_configure():
    from api.contract.proof.plugin import Contract

    Contract.record = lambda self, app: app
"""
"""A plugin for a run of the service's tests, whose conftest.py needs the recorder's."""


class Thing(Schema):
    """A form of three fields."""

    title = fields.String(
        required=True, validate=validate.Length(1, 80), metadata={"examples": ["Milk"]}
    )
    kind = fields.String(
        required=True,
        validate=validate.OneOf(["first", "second"]),
        metadata={"examples": ["first"]},
    )
    note = fields.String(validate=validate.Length(0, 500), metadata={"examples": ["Buy it."]})


class Refusal(Schema):
    """The content of a 400."""

    message = fields.String(required=True, metadata={"examples": ["Invalid."]})


VALID = {"title": "Milk", "kind": "first", "note": "Buy it."}
REFUSED = "This is invalid."
REPLIES = {
    201: message("Success", "It is created."),
    400: Reply(description=REFUSED, content={JSON: Body(Refusal)}),
}


def app_of(number: int, *, declared: bool) -> Flask:
    """Return an app of `number` views that validate a form.

    With `declared`, the contract validates it, and the gate compares the responses. Otherwise the
    views do by hand what the contract would do, and nothing compares the responses.
    """
    app = Flask(f"app_of_{number}", static_folder=None)
    if declared:
        Gate(app, about={"info": {"title": "Things", "version": "1.0.0"}})
        app.register_error_handler(400, lambda _: ({"message": REFUSED}, 400))
    for n in range(number):
        view = _declared_view(n) if declared else _plain_view()
        app.add_url_rule(f"/things{n}", f"things{n}", view, methods=["POST"])
    return app


def _declared_view(n: int) -> Any:
    @operation(REPLIES, form=Thing, operation_id=f"createThing{n}")
    def create_thing(form: dict[str, str]) -> Any:
        return {"message": "Success"}, 201

    return create_thing


def _plain_view() -> Any:
    schema = Thing()

    def create_thing() -> Any:
        try:
            schema.load(request.form)
        except ValidationError:
            return {"message": REFUSED}, 400
        return {"message": "Success"}, 201

    return create_thing


def request_to(app: Flask, path: str, form: dict[str, str]) -> Callable[[], None]:
    """Return a function that sends the request directly to the WSGI app."""
    environ = EnvironBuilder(path, method="POST", data=form).get_environ()
    body = environ["wsgi.input"].read()

    def send() -> None:
        sent = {**environ, "wsgi.input": BytesIO(body)}
        for _ in app.wsgi_app(sent, _start_response):
            pass

    return send


def _start_response(*_: Any) -> Any:
    """Ignore the status and the headers."""


def _microseconds(send: Callable[[], None]) -> float:
    started = time.process_time()
    for _ in range(REQUESTS):
        send()
    return (time.process_time() - started) / REQUESTS * 1e6


def _compared(*sends: Callable[[], None]) -> list[list[float]]:
    """Return the microseconds of a request of each kind, in each round."""
    for send in sends:
        _microseconds(send)  # Caches are filled.
    return _alternately(ROUNDS, *(partial(_microseconds, send) for send in sends))


def _alternately(rounds: int, *measure: Callable[[], float]) -> list[list[float]]:
    """Return the figures of each kind, which are measured in turn."""
    figures = [[each() for each in measure] for _ in range(rounds)]
    return [list(each) for each in zip(*figures, strict=True)]


def _cells(
    what: str, against: str, costs: Sequence[float], references: Sequence[float]
) -> list[str]:
    ratio = statistics.median(a / b for a, b in zip(costs, references, strict=True))
    medians = f"{statistics.median(costs):,.0f}", f"{statistics.median(references):,.0f}"
    return [what, against, *medians, f"{ratio:.2f}"]


def gate_costs() -> Iterator[list[str]]:
    """Yield the cost of a request with the gate, relative to one without it."""
    for what, form in ("a valid form", VALID), ("an invalid form", {**VALID, "kind": "third"}):
        sends = [request_to(app_of(5, declared=each), "/things3", form) for each in (True, False)]
        yield _cells(f"{what}, with the gate", "without", *_compared(*sends))


def costs_by_number() -> Iterator[list[str]]:
    """Yield the cost of a request to an app of many operations, relative to one of few."""
    apps = [(number, app_of(number, declared=True)) for number in NUMBERS]
    fewest, *more = _compared(*(request_to(app, f"/things{n - 1}", VALID) for n, app in apps))
    for number, costs in zip(NUMBERS[1:], more, strict=True):
        yield _cells(f"one of {number} operations", f"one of {NUMBERS[0]}", costs, fewest)


def recorder_costs() -> Iterator[list[str]]:
    """Yield the cost of a run of tests with the recorder, relative to one without it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "openapi.yaml").write_text(_document())
        (folder / "test_things.py").write_text(_TESTS)
        (folder / "pyproject.toml").write_text(_CONFIGURATION)
        runs = (partial(_run_things, folder, recorded=each) for each in (True, False))
        costs = _alternately(TEST_ROUNDS, *runs)
        yield _cells("a test with the recorder", "without", *costs)
        (folder / "unrecorded.py").write_text(_WITHOUT_RECORDING)
        path = os.pathsep.join([name, str(REPOSITORY)])
        tests = ["-n0", *_OWN_TESTS]
        runs = (
            partial(_run, REPOSITORY, options, path)
            for options in (tests, ["-p", "unrecorded", *tests])
        )
        costs = _alternately(TEST_ROUNDS, *runs)
        yield _cells("a test of the service, recorded", "not recorded", *costs)


def _document() -> str:
    app = app_of(TESTED, declared=True)
    with app.app_context():
        return to_yaml(document(app))


def _run_things(folder: Path, *, recorded: bool) -> float:
    (folder / "conftest.py").write_text("" if recorded else _UNRECORDED)
    plugin = ["-p", "api.contract.proof.plugin"] if recorded else []
    return _run(folder, plugin, str(REPOSITORY), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")


def _run(folder: Path, options: list[str], path: str, **environment: str) -> float:
    """Run the tests in a process of its own, and return its CPU time per test in microseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed and run.returncode == 0, run.stdout + run.stderr
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds / int(passed[1]) * 1e6


def main() -> None:
    """Print the costs."""
    heads = ["request", "compared with", "µs", "its µs", "ratio"]
    print(*table(heads, [*gate_costs(), *costs_by_number(), *recorder_costs()]), sep="\n")


if __name__ == "__main__":
    main()
