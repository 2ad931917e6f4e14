"""Checklist, HTTP and the contract: declared responses, and methods."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.datastructures import Headers

from api.contract import UndeclaredResponse
from api.contract.proof.configuration import Configuration
from api.contract.proof.coverage import KINDS, Coverage
from api.contract.proof.plugin import Run
from api.contract.proof.proof import Proof
from tests.actor import Someone, assert_problem
from tests.contract.test_http import ALLOWED, METHODS


@pytest.mark.parametrize(
    "change",
    [
        {"status_code": 202},
        {"content_type": "text/csv"},
        {"location": "elsewhere"},
        {"content_language": "en"},
        {"headers": Headers({"Content-Type": "application/json"})},
        {"data": b'{"message": "Something else"}'},
        {"data": b'{"message": "Success", "id": 1}'},
    ],
    ids=["status", "media type", "header", "another header", "no header", "message", "body"],
)
def test_01_an_undeclared_response_fails_a_test(app: Flask, change: dict[str, Any]) -> None:
    @app.after_request
    def spoil(response: Response) -> Response:
        for name, value in change.items():
            setattr(response, name, value)
        return response

    with pytest.raises(UndeclaredResponse):
        Someone(app.test_client()).gives_details()


def test_02_a_declaration_that_no_exchange_covers_fails_a_whole_run(
    proof: Proof,
) -> None:
    nothing_seen = Coverage(proof.document)
    assert nothing_seen.missing == nothing_seen.promises
    promised = {(p.operation, p.where.split()[0]) for p in nothing_seen.promises}
    for operation in proof.document.operations():
        assert {(operation.id, status) for status in operation.responses} <= promised
    option = SimpleNamespace(contract_of=None, contract_report=None)
    config = SimpleNamespace(
        args=["tests"], getini=lambda _: ["tests"], getoption=lambda *_: None, option=option
    )
    limits = dict.fromkeys(KINDS, 100.0)
    run = Run(config, [Configuration(proof.file, fail_under=limits)])
    for seen, ends in (
        ([], pytest.ExitCode.TESTS_FAILED),
        (nothing_seen.promises, pytest.ExitCode.OK),
    ):
        run.contracts[0].proof.coverage.seen = dict.fromkeys(seen, "")
        session: Any = SimpleNamespace(config=config, exitstatus=pytest.ExitCode.OK)
        run.pytest_sessionfinish(session, pytest.ExitCode.OK)
        assert session.exitstatus == ends
    fresh = Proof(Configuration(proof.file, ["/livez"], strict=True))
    assert next(fresh.missing()).startswith("never seen: ")


def test_03_a_401_has_a_challenge(someone: Someone) -> None:
    for refused in someone.reads_own(), someone.signs_in("eve").gives_details():
        assert_problem(refused, 401)
        assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_04_an_unsupported_method_is_405_with_the_exact_allow(someone: Someone) -> None:
    for path, allowed in ALLOWED.items():
        for method in set(METHODS) - allowed:
            refused = someone.asks(method, path)
            assert refused.status_code == 405
            assert set(refused.headers["Allow"].split(", ")) == allowed


def test_05_options_are_2xx_with_what_is_allowed(someone: Someone, proof: Proof) -> None:
    for path, allowed in ALLOWED.items():
        answer = someone.asks("OPTIONS", path)
        assert 200 <= answer.status_code < 300
        assert set(answer.headers["Allow"].split(", ")) == allowed
    assert (
        "| 204 | The response to OPTIONS. Allow lists the methods. | Allow,"
        in proof.root["tags"][-1]["description"]
    )
