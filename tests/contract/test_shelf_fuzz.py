"""schemathesis against the shelf, to test the contract machinery with a second app."""

import itertools
from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from schemathesis import Case
from schemathesis.config import SchemathesisConfig

from tests import fuzzing
from tests.contract.shelf.views import KEY

pytestmark = pytest.mark.long

EXAMPLES, SEED, FLOOR = 20, 1, 3
REMOVE = "DELETE /books/{id}"


@pytest.mark.parametrize("has_key", [False, True], ids=["anonymous", "with the key"])
def test_the_shelf_keeps_its_contract_when_fuzzed(has_key: bool, shelf: FlaskClient) -> None:
    more: dict[str, Any] = {"auth": {"openapi": {"key": {"api_key": KEY}}}} if has_key else {}
    checks = {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "303", "401", "404", "409"]},
        # It fails with credentials of ours on an app called in this process.
        "ignored_auth": {"enabled": not has_key},
    }
    config = fuzzing.config(SEED, EXAMPLES, checks=checks, **more)
    schema = schemathesis.openapi.from_wsgi(
        "/openapi.json", shelf.application, config=SchemathesisConfig.from_dict(config)
    )
    seen: Counter[tuple[str, int]] = Counter()
    numbers = itertools.count()

    @schema.hook
    def map_case(_context: object, case: Case[Any]) -> Case[Any]:
        assert case.meta
        if isinstance(case.body, dict) and case.meta.generation.mode.is_positive:
            # Otherwise nearly every response is 409.
            case.body["isbn"] = f"{next(numbers) % 80:013}"
        return case

    @schema.hook
    def after_call(_context: object, case: Case[Any], response: schemathesis.Response) -> None:
        # In the other cases schemathesis tries other methods.
        if case.method == case.operation.method.upper():
            seen[case.operation.label, response.status_code] += 1

    found = fuzzing.run(schema)
    assert not found.failures, "\n\n".join(found.failures)
    assert not found.errors
    assert found.warnings == ({} if has_key else {"missing_auth": [REMOVE]})
    succeeded = {label: 0 for label in fuzzing.labels(schema) if has_key or label != REMOVE}
    for (label, status), times in seen.items():
        if status < 400:
            succeeded[label] += times
    assert min(succeeded.values()) >= FLOOR, seen  # Some operations have no input to vary.
    assert seen.total() >= 300 and seen["POST /books", 201] >= FLOOR * 10, seen
