"""`schemathesis run` with all phases and all checks, against the app and against the server.

A run without failures proves something only if enough requests succeeded. So the run prints the
number of requests and of successes for each operation, and requires thirty successes of each.
`schemathesis fuzz` is another command, tested in tests/tools/test_long_fuzz.py and, without hooks,
by tests/tools/plain_fuzz.py.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from werkzeug.sansio.multipart import Field, File, MultipartEncoder

from tests import fuzzing
from tests.actor import PASSWORD, Someone
from tests.operations import OPERATIONS
from tests.serving import REPOSITORY
from tests.tools import plain_fuzz
from tests.tools.long_fuzz.figures import Figures
from tests.tools.long_fuzz.predicted import Predictor
from tests.tools.long_fuzz.varied import GOOD, USERNAME, row, varied

pytestmark = pytest.mark.long

EXAMPLES, CHAINS, SEED, FLOOR = 80, 10 * len(OPERATIONS), 1, 30
SETTINGS = REPOSITORY / "tests" / "tools" / "long_fuzz" / "schemathesis.toml"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def _config() -> SchemathesisConfig:
    kept = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
    ours = fuzzing.config(
        SEED, EXAMPLES, checks=kept["checks"] | {"ignored_auth": {"enabled": False}}
    )
    ours["generation"] |= kept["generation"]
    ours["phases"]["stateful"] = {"generation": {"max-examples": CHAINS}}
    return SchemathesisConfig.from_dict(ours)


@pytest.fixture
def _escaped_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Werkzeug's client escape the names of multipart fields as browsers do.

    By default it doesn't escape them, so that a name with a quotation mark or a line end makes a
    malformed part, while schemathesis considers the request valid.
    """
    send: Any = MultipartEncoder.send_event

    def escape(encoder: MultipartEncoder, event: Any) -> bytes:
        if isinstance(event, Field | File):
            name = event.name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
            event = replace(event, name=name)
        sent: bytes = send(encoder, event)
        return sent

    monkeypatch.setattr(MultipartEncoder, "send_event", escape)


@pytest.mark.usefixtures("_escaped_names")
def test_the_app_on_postgresql_keeps_its_contract_when_fuzzed(
    make_app_at: Callable[..., Flask],
    postgresql_url: str,
    record_property: Callable[[str, object], None],
) -> None:
    app = make_app_at(postgresql_url, ratelimit_enabled=False)
    someone = Someone(app.test_client())
    assert someone.signs_up(USERNAME, PASSWORD).status_code == 200
    # Otherwise the order of the operations decides whether the account ever has a record.
    assert someone.signs_in(USERNAME).gives_details(username=USERNAME).status_code == 201
    schema: Any = schemathesis.openapi.from_wsgi("/openapi.json", app, config=_config())
    # Don't extract ids from responses, so that only links provide them.
    figures, predicted = Figures(), Predictor(USERNAME, GOOD)

    @schema.hook  # type: ignore[untyped-decorator]
    def flatmap_case(_context: object, case: Case[Any]) -> st.SearchStrategy[Case[Any]]:
        # Add a number, because otherwise an operation without input has few distinct requests.
        return st.tuples(varied(case, predicted), st.integers()).map(itemgetter(0))

    @schema.hook  # type: ignore[untyped-decorator]
    def after_call(_context: object, case: Case[Any], response: schemathesis.Response) -> None:
        # In the other cases schemathesis tries other methods.
        if case.method.upper() == case.operation.method.upper():
            figures.judged[row(case, response.status_code)] += 1

    found = fuzzing.run(schema)
    for label, n in figures.successes().items():
        record_property(f"successes of {label}", n)
    assert not found.failures, "\n\n".join(found.failures)
    assert not found.errors
    assert not found.warnings
    assert {"application/x-www-form-urlencoded", "multipart/form-data"} <= {
        kind.encoding for kind in figures.judged
    }
    assert set(figures.successes()) == set(fuzzing.labels(schema))
    few = {label: n for label, n in figures.successes().items() if n < FLOOR}
    assert not few, f"fewer than {FLOOR} successes: {few}. Raise CHAINS."


def test_schemathesis_with_no_options_finds_nothing_on_the_server_as_it_is(tmp_path: Path) -> None:
    """Run the README's command, with a seed and few examples.

    `python -m tests.tools.plain_fuzz`, which CI runs, has the examples of the command itself.
    """
    (command,) = re.findall(r"&& (schemathesis .*)\n", README)
    assert command == "schemathesis run http://localhost:5000/openapi.json"
    found = plain_fuzz.run(tmp_path, "run", f"--seed={SEED}", "--max-examples=5")
    assert found.is_clean([plain_fuzz.ANONYMOUS_WARNING]), found.output
