"""A generated document, and the exchanges of a service that is as it declares."""

from api.contract.proof.coverage import Coverage
from api.contract.proof.document import Document
from api.contract.proof.exactness import Exactness
from api.contract.proof.rules import contradictions
from tests.contract.proof.large_document import document, traffic


def test_a_generated_document_gets_a_verdict() -> None:
    exchanges, large = list(traffic(2)), Document(document(2))
    assert not [e for e in exchanges if list(contradictions(large, e))]
    coverage = Coverage(large)
    for exchange in exchanges:
        coverage.add(exchange)
    verdict = Exactness(large, exchanges).judge()
    assert len(coverage.seen) > 100 and not coverage.not_judged
    assert len(verdict.lines - verdict.unproven) > 200 and not verdict.not_judged


def test_it_can_have_60_operations_and_2000_exchanges() -> None:
    assert len(list(Document(document()).operations())) == 60
    assert len(list(traffic())) == 1980
