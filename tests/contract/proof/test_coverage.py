"""Which refusals of credentials a document promises, and which exchanges show them."""

import pytest

from api.contract.proof.coverage import Coverage, Promise
from tests.contract.proof.judging import document, exchange

SCHEMES = "components: {securitySchemes: {basic: {type: http, scheme: basic}}}"
BASIC = {"Authorization": "Basic eA=="}


@pytest.mark.parametrize(
    ("declared", "promised"),
    [
        ("security: [{basic: []}]\nresponses: {'200': {}, '401': {}}", ["absent", "wrong"]),
        ("security: [{basic: []}]\nresponses: {'200': {}, '403': {}}", ["absent", "wrong"]),
        ("security: [{}, {basic: []}]\nresponses: {'200': {}, '401': {}}", ["wrong"]),
        ("security: [{basic: []}]\nresponses: {'200': {}}", []),
        ("responses: {'200': {}, '401': {}}", []),
    ],
)
def test_each_operation_with_credentials_promises_to_refuse_others(
    declared: str, promised: list[str]
) -> None:
    coverage = Coverage(document(declared, others=SCHEMES))
    assert [p.what for p in coverage.promises if p.where == "credentials"] == promised


def test_a_refusal_shows_whether_credentials_were_absent_or_wrong() -> None:
    declared = "security: [{basic: []}]\nresponses: {'200': {}, '401': {}}"
    coverage = Coverage(document(declared, others=SCHEMES))
    shown = {what: Promise("do", "credentials", what) for what in ("absent", "wrong")}
    coverage.add(exchange(200, sent=BASIC))
    assert not coverage.seen.keys() & shown.values()
    coverage.add(exchange(401))
    assert coverage.seen.keys() & shown.values() == {shown["absent"]}
    coverage.add(exchange(401, sent=BASIC))
    assert coverage.seen.keys() & shown.values() == {*shown.values()}
