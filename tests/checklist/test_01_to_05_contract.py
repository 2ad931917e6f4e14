"""Checklist, HTTP and the contract: declared responses, and methods."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.datastructures import Headers

from api.contract import UndeclaredResponse
from api.contract.proof.coverage import Coverage
from api.contract.proof.proof import Contradiction, Proof
from tests.actor import Someone, assert_problem
from tests.contract.test_http import ALLOWED, METHODS
from tests.whole_run import WholeRun


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"status_code": 202}, UndeclaredResponse),
        ({"content_type": "text/csv"}, UndeclaredResponse),
        ({"location": "elsewhere"}, UndeclaredResponse),
        ({"content_language": "en"}, UndeclaredResponse),
        ({"headers": Headers({"Content-Type": "application/json"})}, UndeclaredResponse),
        ({"data": b'{"message": "Something else"}'}, UndeclaredResponse),
        ({"data": b'{"message": "Success", "id": 1}'}, Contradiction),
    ],
    ids=["status", "media type", "header", "another header", "no header", "message", "body"],
)
def test_01_an_undeclared_response_fails_a_test(
    app: Flask, change: dict[str, Any], refused: type[Exception]
) -> None:
    @app.after_request
    def spoil(response: Response) -> Response:
        for name, value in change.items():
            setattr(response, name, value)
        return response

    with pytest.raises(refused):
        Someone(app.test_client()).gives_details()


def test_02_a_declaration_that_no_exchange_covers_fails_a_whole_run(
    proof: Proof,
) -> None:
    nothing_seen = Coverage(proof.document)
    assert nothing_seen.missing == nothing_seen.promises
    promised = {(p.operation, p.where.split()[0]) for p in nothing_seen.promises}
    for operation in proof.document.operations():
        assert {(operation.id, str(status)) for status in operation.responses} <= promised
    options = SimpleNamespace(testpaths=["tests"])
    config = SimpleNamespace(args=["tests"], getini=options.__dict__.get, getoption=lambda *_: None)
    for seen, ends in (False, pytest.ExitCode.TESTS_FAILED), (True, pytest.ExitCode.OK):
        proofs: Any = [SimpleNamespace(holds=seen)]
        session: Any = SimpleNamespace(config=config, exitstatus=pytest.ExitCode.OK)
        WholeRun(proofs).pytest_sessionfinish(session, pytest.ExitCode.OK)
        assert session.exitstatus == ends
    fresh = Proof(Path(proof.file), undocumented="/livez")
    assert next(fresh.missing()).startswith("never seen: ") and not fresh.holds


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
