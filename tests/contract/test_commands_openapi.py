"""The command `openapi`, which writes the document, and checks whether it is up to date."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from api import create_app
from api.config import Settings
from api.contract import Gate, operation
from api.contract.commands import openapi
from tests.operations import FILE


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.chdir(tmp_path)
    return create_app(Settings(database_url=f"sqlite:///{tmp_path / 'some.db'}"))


def run(service: Flask, *arguments: str) -> Result:
    """Run `python -m api openapi` with these arguments."""
    arguments = ("openapi", *arguments)
    return service.test_cli_runner().invoke(args=arguments, prog_name="python -m api")


def test_the_document_is_written_where_it_is_checked_in(service: Flask, tmp_path: Path) -> None:
    written = run(service)
    assert (written.exit_code, written.output) == (0, "openapi.yaml is written.\n")
    assert (tmp_path / "openapi.yaml").read_bytes() == FILE.read_bytes()
    current = run(service, "--check")
    assert (current.exit_code, current.output) == (0, "openapi.yaml is current.\n")


def test_a_missing_document_is_all_new(service: Flask) -> None:
    shown = run(service, "--check").stdout
    assert shown.startswith("--- openapi.yaml\n+++ the code\n@@ -0,0 +1,")
    assert {line[0] for line in shown.splitlines()[3:]} == {"+"}


def test_a_difference_is_shown_as_a_diff_with_how_to_accept_it(
    service: Flask, tmp_path: Path
) -> None:
    kept = FILE.read_bytes().replace(b"'201'", b"'2\xff1'")
    (tmp_path / "openapi.yaml").write_bytes(kept)
    differs = run(service, "--check")
    assert differs.exit_code == 1
    assert differs.stdout.startswith("--- openapi.yaml\n+++ the code\n@@")
    assert "-        '2\ufffd1':\n+        '201':\n" in differs.stdout
    assert differs.stdout.endswith("\n") and not differs.stdout.endswith("\n\n")
    assert differs.stderr == "Accept this with the same command without --check.\n"
    assert (tmp_path / "openapi.yaml").read_bytes() == kept


def test_an_unwritable_document_is_reported_on_one_line(service: Flask) -> None:
    refused = run(service, "--file", "no/openapi.yaml")
    assert refused.exit_code == 1
    assert refused.stderr == "Error: no/openapi.yaml: No such file or directory.\n"
    folder = run(service, "--file", ".")
    assert folder.exit_code == 2 and "is a directory" in folder.stderr


def test_its_help_says_what_it_does(service: Flask) -> None:
    printed = " ".join(run(service, "--help").output.split())
    assert "Write the OpenAPI document that the code declares." in printed
    assert " Write nothing: print what would change, and exit 1. " in f"{printed} "
    assert " The checked-in document. [default: openapi.yaml]" in printed


def test_an_app_that_declares_nothing_valid_is_told_what_to_do() -> None:
    app = Flask("bare")
    app.cli.add_command(openapi)
    refused = app.test_cli_runner().invoke(args=["openapi"])
    said = "Error: The app has no Gate: call Gate(app) where the app is made.\n"
    assert (refused.exit_code, refused.output) == (1, said)
    Gate(app)
    app.get("/<name>")(operation({}, documented=True)(lambda name: name))
    refused = app.test_cli_runner().invoke(args=["openapi"])
    said = "Error: /<name>: declare exactly the path's parameters in its path schema.\n"
    assert (refused.exit_code, refused.output) == (1, said)
