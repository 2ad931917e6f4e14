"""The hooks of `schemathesis fuzz`: vary each request, predict its status, and count it."""

import atexit
import os
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis.strategies import SearchStrategy
from schemathesis import Case
from schemathesis.checks import CheckContext

import tests.fuzzing  # noqa: F401  (so that bodies of text are checked too)
from tests.tools.long_fuzz.figures import FIGURES, Figures
from tests.tools.long_fuzz.predicted import Predictor
from tests.tools.long_fuzz.varied import GOOD, USERNAME, row, varied

figures, predicted = Figures(), Predictor(USERNAME, GOOD)


@schemathesis.hook
def flatmap_case(_context: object, case: Case[Any]) -> SearchStrategy[Case[Any]]:
    return varied(case, predicted)


@schemathesis.hook
def after_call(_context: object, case: Case[Any], response: schemathesis.Response) -> None:
    wanted, got = predicted.status(case, response), response.status_code
    predicted.learn(case, response)
    figures.sent[row(case, got)] += 1
    if got != wanted:
        figures.surprises.append(f"{wanted} foretold, {got} answered: {case.as_curl_command()}")


@schemathesis.check
def judged(_context: CheckContext, response: schemathesis.Response, case: Case[Any]) -> None:
    """Count a judged request. If Hypothesis abandons a scenario, its requests are never judged."""
    figures.judged[row(case, response.status_code)] += 1


@atexit.register
def _keep() -> None:
    figures.chains.update(predicted.chains())
    Path(os.environ[FIGURES]).write_text(figures.to_json(), encoding="utf-8")
