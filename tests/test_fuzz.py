"""schemathesis, whole: all phases and all checks, against the app and against the server.

Green proves something only if much of it succeeded: each run prints how often each operation was
asked and how often it succeeded, and wants a hundred successes of each.
"""

import itertools
import subprocess
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from flask import Flask
from schemathesis import Case
from schemathesis.config import SchemathesisConfig

from tests import fuzzing
from tests.actor import PASSWORD, Someone
from tests.server import serving

EXAMPLES, SEED, FLOOR = 220, 1, 100
USERNAME = "sam"
ACCEPTS = [
    *[None, "application/json", "application/json", "application/json", "text/html"],
    *["text/plain;q=0.5, */*;q=0.1", "image/png"],
]
OWN = "GET /userDetails"
SIGN_UP, CREATE = "POST /userSignUp", "POST /userDetails"


def _config(as_account: bool) -> SchemathesisConfig:
    # A negative case of the one operation without input drops the credentials that the hook sets.
    positive = {"include-operation-id": "getMyUserDetails", "generation": {"mode": "positive"}}
    return SchemathesisConfig.from_dict(
        fuzzing.config(
            SEED,
            EXAMPLES,
            operations=[positive] if as_account else [],
            checks={
                # What a valid request may meet all the same; 406 comes from our own Accept.
                "positive_data_acceptance": {
                    "expected-statuses": ["2xx", "401", "403", "404", "406", "409", "429"]
                },
                "ignored_auth": {"enabled": not as_account},
            },
        )
    )


class Varied:
    """Hooks that vary `Accept`, sign in, and pick usernames that are free; and what was seen."""

    def __init__(self, as_account: bool) -> None:
        self.as_account = as_account
        self.seen: Counter[tuple[str, int]] = Counter()
        self.forms: Counter[str] = Counter()
        self._numbers = itertools.count()

    def vary(self, case: Case[Any]) -> Case[Any]:
        assert case.meta
        label = case.operation.label
        positive = case.meta.generation.mode.is_positive
        if label == OWN and not self.as_account:
            return case
        # The same data picks the same, or Hypothesis couldn't repeat what it did.
        data = repr((case.path_parameters, case.body)).encode("utf-8", "replace")
        pick = (
            zlib.crc32(data) if case.operation.body or case.path_parameters else next(self._numbers)
        )
        accept = ACCEPTS[pick % len(ACCEPTS)]
        if case.meta.phase.name.value in ("fuzzing", "stateful") and accept:
            case.headers["Accept"] = accept
        form = case.body if isinstance(case.body, dict) and positive else {}
        if self.as_account and pick % 5 and label in (OWN, CREATE) and (positive or label == OWN):
            token = b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
            case.headers["Authorization"] = f"Basic {token}"
            if form and pick % 7:
                form["username"] = USERNAME  # Else nearly every answer is 403.
        if form and label == SIGN_UP and pick % 12:
            form["username"] = f"{str(form['username'])[:140]}.{next(self._numbers)}"  # Else 409.
        return case

    def count(self, case: Case[Any], response: schemathesis.Response) -> None:
        if case.method.upper() == case.operation.method.upper():  # Else it tries other methods.
            self.seen[case.operation.label, response.status_code] += 1
        if case.media_type:
            self.forms[case.media_type] += 1

    def successes(self, label: str) -> int:
        return sum(n for (asked, status), n in self.seen.items() if asked == label and status < 300)

    def table(self, labels: list[str]) -> Iterator[str]:
        for label in labels:
            statuses = {s: n for (asked, s), n in sorted(self.seen.items()) if asked == label}
            asked, succeeded = sum(statuses.values()), self.successes(label)
            yield f"{label:26} asked {asked:4}, succeeded {succeeded:4}  {statuses}"


def _fuzz(schema: Any, as_account: bool, say: Callable[[str], None]) -> None:
    varied = Varied(as_account)

    @schema.hook  # type: ignore[untyped-decorator]
    def map_case(_context: object, case: Case[Any]) -> Case[Any]:
        return varied.vary(case)

    @schema.hook  # type: ignore[untyped-decorator]
    def after_call(_context: object, case: Case[Any], response: schemathesis.Response) -> None:
        varied.count(case, response)

    found = fuzzing.run(schema)
    labels = fuzzing.labels(schema)
    for line in varied.table(labels):
        say(line)
    assert not found.failures, "\n\n".join(found.failures)
    assert not found.errors
    # Without credentials that one answers 401 alone, as it should: nothing else may warn.
    assert found.warnings == ({} if as_account else {"missing_auth": [OWN]})
    assert min(
        varied.forms[f] for f in ("application/x-www-form-urlencoded", "multipart/form-data")
    )
    few = [x for x in labels if varied.successes(x) < FLOOR and (as_account or x != OWN)]
    assert not few, f"fewer than {FLOOR} successes: {few}"


@pytest.fixture(params=[False, True], ids=["anonymous", "with an account"])
def as_account(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def say(
    request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], None]:
    def line(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="")  # noqa: T201

    line(request.node.name)
    return line


def test_the_app_on_postgresql_keeps_its_contract_when_fuzzed(
    make_app_at: Callable[..., Flask],
    postgresql_url: str,
    as_account: bool,
    say: Callable[[str], None],
) -> None:
    app = make_app_at(postgresql_url, ratelimit_enabled=False)
    assert Someone(app.test_client()).signs_up(USERNAME, PASSWORD).status_code == 200
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=_config(as_account))
    _fuzz(schema, as_account, say)


def test_the_server_on_sqlite_keeps_its_contract_when_fuzzed(
    tmp_path: Path, as_account: bool, say: Callable[[str], None]
) -> None:
    # A hundred successes of each in so short a time are more than a person's.
    with serving(tmp_path, {"RATELIMIT_PASSWORDS": "60000 per minute"}) as server:
        account = {"username": USERNAME, "password": PASSWORD}
        assert requests.post(f"{server.url}/userSignUp", account, timeout=5).status_code == 200
        schema = schemathesis.openapi.from_url(
            f"{server.url}/openapi.json", config=_config(as_account)
        )
        _fuzz(schema, as_account, say)
        assert "undeclared answer" not in server.log.read_text()


def test_schemathesis_with_no_options_finds_nothing_on_the_server_as_it_is(tmp_path: Path) -> None:
    """As the README says it: with the settings that everybody begins with."""
    with serving(tmp_path) as server:
        # The README's command; only its seed is given, so that red can be repeated.
        command = ["schemathesis", "run", f"{server.url}/openapi.json", f"--seed={SEED}"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout
        assert "Tested: 5" in run.stdout
        warnings = [line.strip() for line in run.stdout.splitlines() if "\u26a0" in line]
        assert warnings == [
            "\u26a0\ufe0f Authentication failed: 1 operation returned only 401/403 responses"
        ]
        assert "undeclared answer" not in server.log.read_text()
