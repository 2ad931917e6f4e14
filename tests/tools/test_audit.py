"""A known vulnerability fails CI; an unreachable database of advisories is only reported."""

import json
from typing import Any

import pytest

from tests.tools.audit import judge

GOOD: dict[str, Any] = {"name": "flask", "version": "3.1.3", "vulns": []}
BAD = GOOD | {"vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.4"]}]}
UNKNOWN = {"name": "sign-up-api", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([GOOD, UNKNOWN], 0, "1 packages audited, 1 not found, 0 vulnerabilities"),
        ([UNKNOWN], 0, "NOT AUDITED: 0 packages audited, 1 not found, 0 vulnerabilities"),
        ([GOOD, BAD], 1, "flask 3.1.3: PYSEC-1, mended in 3.1.4"),
    ],
)
def test_a_known_vulnerability_fails(packages: list[Any], status: int, said: str) -> None:
    judged = judge(json.dumps({"dependencies": packages, "fixes": []}))
    assert judged[0] == status and said in judged[1]


@pytest.mark.parametrize("report", ["", "Traceback", "[]", "{}"])
def test_an_unreachable_database_of_advisories_is_reported(report: str) -> None:
    assert judge(report) == (0, ["NOT AUDITED: pip-audit didn't reach its advisories"])
