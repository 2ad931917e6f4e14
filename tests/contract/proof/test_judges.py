"""Redocly's lint and spectral check the documents, and OWASP's rules for spectral check ours.

A linter's output counts, not only its exit status, because one that read nothing must not pass.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from api.contract import document, to_yaml
from tests.contract.shelf.app import make_shelf
from tests.serving import REPOSITORY

# All rules that either linter recommends for OpenAPI. None is switched off.
REDOCLY = "redocly lint --extends=recommended-strict --format=json".split()
SPECTRAL = "spectral lint --verbose --fail-severity=hint --ruleset=ruleset.yaml".split()
RULESET = 'extends: ["spectral:oas"]\n'
# OWASP's rules that this API breaks on purpose, each with the reason. All others hold.
OWASP = """
extends: ["spectral:oas", "{rules}"]
rules:
  # The contract is HTTP Basic (RFC 7617); TLS in front keeps the credentials secret.
  owasp:api2:2023-no-http-basic: off
  # A record's unguessable link is its key, so reading and deleting by it need no credentials.
  owasp:api2:2023-read-restricted: off
  # As above; and a visitor who signs up has no account yet.
  owasp:api2:2023-write-restricted: off
  # Only successes and 429 have RateLimit: refusals must not tell how often others were refused.
  owasp:api4:2023-rate-limit: off
  # Only sign-ups are for pages of other origins; all others must not have the header.
  owasp:api8:2023-define-cors-origin: off
  # Operations without credentials never answer 401.
  owasp:api8:2023-define-error-responses-401: off
  # An unexpected exception is a defect, and no promise.
  owasp:api8:2023-define-error-responses-500: off
  # Operations without a form have nothing that could be invalid: a wrong link is 404.
  owasp:api8:2023-define-error-validation: off
overrides:
  # Each response lists the types that it may have.
  - files:
    - "openapi.yaml#/components/schemas/Problem/properties/type"
    rules:
      owasp:api4:2023-string-limit: off
      owasp:api4:2023-string-restricted: off
  # Sentences for people. With a bound, each new wording would change the contract.
  - files:
    - "openapi.yaml#/components/schemas/Problem/properties/title"
    - "openapi.yaml#/components/schemas/Problem/properties/detail"
    - "openapi.yaml#/components/schemas/Problem/properties/errors/additionalProperties/items"
    rules:
      owasp:api4:2023-string-limit: off
      owasp:api4:2023-string-restricted: off
"""
OWASP_PACKAGE = "@stoplight/spectral-owasp-ruleset"
CI = REPOSITORY / ".ci" / "run"
# No telemetry and no update check.
ALONE = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def _pinned(package: str) -> str:
    """Return the version of the package that CI installs, which must be the one that runs."""
    installed = re.search(rf"{package}@([\d.]+)", CI.read_text(encoding="utf-8"))
    assert installed, package
    return installed[1]


def _judge(command: list[str], package: str, file: Path) -> tuple[int, str]:
    """Return the linter's output for the file. Without the linter, skip the test; in CI, fail."""
    _need(package, _version(command[0]))
    return _run([*command, file.name], file.parent)


def _need(package: str, installed: str | None) -> None:
    wanted = _pinned(package)
    if installed != wanted:
        otherwise = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        otherwise(f"Not installed: npm install --global {package}@{wanted}")


@cache
def _version(name: str) -> str | None:
    return _run([name, "--version"], REPOSITORY)[1].strip() if shutil.which(name) else None


def _run(command: list[str], folder: Path) -> tuple[int, str]:
    run = subprocess.run(
        command, cwd=folder, env=os.environ | ALONE, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout


def redocly(file: Path) -> list[str]:
    """Return the rules that redocly reports, as errors or as warnings."""
    status, printed = _judge(REDOCLY, "@redocly/cli", file)
    said = json.loads(printed)
    problems = [problem["ruleId"] for problem in said["problems"]]
    assert sum(said["totals"].values()) == len(problems), said["totals"]
    assert bool(status) == bool(problems)
    return problems


def spectral(file: Path, ruleset: str = RULESET) -> list[str]:
    """Return the rules that spectral reports, including hints."""
    (file.parent / "ruleset.yaml").write_text(ruleset, encoding="utf-8")
    status, printed = _judge(SPECTRAL, "@stoplight/spectral-cli", file)
    assert re.search(r"Found \d+ rules \([1-9]\d+ enabled\)", printed), printed
    assert f"Linting {file}" in printed
    problems = re.findall(r"^ *\d+:\d+ +(?:error|warning|info|hint) +(\S+)", printed, re.MULTILINE)
    content = "No results with a severity of 'hint' or higher found!" in printed
    assert bool(status) == bool(problems) == (not content), printed
    return problems


@pytest.fixture(params=["ours", "the shelf's"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Each document, in a folder without a linter's settings.

    Ours is as a service with TLS serves it, because linters refuse the file's `http://localhost`.
    """
    file = tmp_path / "openapi.yaml"
    if request.param == "ours":
        text = (REPOSITORY / "openapi.yaml").read_text(encoding="utf-8")
        served = text.replace("url: http://localhost:5000\n", "url: https://signup.test\n")
        assert served != text
        file.write_text(served, encoding="utf-8")
    else:
        file.write_text(to_yaml(document(make_shelf())), encoding="utf-8")
    return file


EACH_JUDGE = pytest.mark.parametrize("judge", [redocly, spectral])


@EACH_JUDGE
def test_linters_accept_the_documents(judge: Callable[[Path], list[str]], file: Path) -> None:
    assert judge(file) == []


@EACH_JUDGE
def test_linters_notice_a_missing_operation_id(
    judge: Callable[[Path], list[str]], file: Path
) -> None:
    """A flaw of which spectral only warns, so this tests that warnings count."""
    whole = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r" +operationId: \w+\n", "", whole, count=1), encoding="utf-8")
    assert "operation-operationId" in judge(file)


def owasp() -> str:
    """The ruleset with OWASP's rules, which are installed next to spectral."""
    program = Path(shutil.which("spectral") or "nowhere").resolve()
    found = [
        p for folder in program.parents if (p := folder / "node_modules" / OWASP_PACKAGE).exists()
    ]
    versions = [
        json.loads((p / "package.json").read_text(encoding="utf-8"))["version"] for p in found
    ]
    _need(OWASP_PACKAGE, versions[0] if versions else None)
    return OWASP.replace("{rules}", str(found[0] / "dist" / "ruleset.mjs"))


@pytest.mark.parametrize("file", ["ours"], indirect=True)
def test_the_document_keeps_the_rules_of_owasp(file: Path) -> None:
    assert spectral(file, owasp()) == []


@pytest.mark.parametrize("file", ["ours"], indirect=True)
def test_each_rule_of_owasp_that_is_switched_off_is_broken(file: Path) -> None:
    ruleset = owasp()
    assert {*spectral(file, ruleset.partition("rules:\n")[0])} == {
        *re.findall("owasp:[^ ]+(?=: off)", ruleset)
    }
