"""`python -m api openapi --against OLD.yaml`: its list, its exit status, and invalid input."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from tests.operations import FILE


def against(app: Flask, folder: Path, old: bytes, *more: str) -> Result:
    """Run the command, and assert that it changes no file."""
    file = folder / "old.yaml"
    file.write_bytes(old)
    before = FILE.read_bytes()
    with app.app_context():
        done = app.test_cli_runner().invoke(args=["openapi", "--against", str(file), *more])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert (file.read_bytes(), FILE.read_bytes()) == (old, before)
    return done


def replaced(*replacements: tuple[str, str]) -> bytes:
    """Return the checked-in document with text replaced."""
    text = FILE.read_text(encoding="utf-8")
    for words, others in replacements:
        assert words in text
        text = text.replace(words, others)
    return text.encode()


def test_breaking_changes_are_listed_first_by_rule_and_place(app: Flask, tmp_path: Path) -> None:
    longer, sooner = ("maxLength: 256", "maxLength: 300"), ("minimum: 1\n", "minimum: 0\n")
    done = against(app, tmp_path, replaced(sooner, longer))
    first, second, third, *_, last = done.stdout.splitlines()
    rule = "breaking    request-property-max-length-decreased  POST /userSignUp, "
    where = "application/x-www-form-urlencoded, password"
    assert first == f"{rule}{where}: 300 to 256  [adf3e65db4df]"
    assert second.startswith(f"{rule}multipart/form-data, password: 300 to 256  [")
    where = "POST /userSignUp, 429, retry-after: 0 to 1"
    assert third == f"compatible  response-header-min-increased  {where}"
    waits = FILE.read_text(encoding="utf-8").count("'#/components/headers/Retry-After'")
    assert waits and last == f"2 breaking, {waits} compatible"
    assert (done.exit_code, done.stderr) == (1, "")


def test_compatible_changes_are_listed_with_exit_status_0(app: Flask, tmp_path: Path) -> None:
    done = against(app, tmp_path, replaced(("maxLength: 256", "maxLength: 200")))
    assert done.stdout.splitlines()[-1] == "0 breaking, 2 compatible"
    assert (done.exit_code, done.stderr) == (0, "")


def test_no_difference_is_said(app: Flask, tmp_path: Path) -> None:
    done = against(app, tmp_path, FILE.read_bytes())
    assert done.stdout == f"There is no difference from {tmp_path / 'old.yaml'}.\n"
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("old", "why"),
    [
        (b"", "it is not an OpenAPI document"),
        (b"- a list", "it is not an OpenAPI document"),
        (b"swagger: '2.0'", "it is not an OpenAPI document"),
        (b"openapi: 3.2.0", "it is not an OpenAPI document"),
        (b"{not: [closed", "it is not YAML"),
        (b"\xff\x00", "it is not YAML"),
        (b"{openapi: 3.1.0, paths: 5}", "it isn't formed as OpenAPI asks"),
        (
            b"{openapi: 3.1.0, paths: {$ref: '#/nowhere'}}",
            "it refers to #/nowhere, which doesn't exist",
        ),
    ],
)
def test_an_invalid_contract_is_refused(app: Flask, tmp_path: Path, old: bytes, why: str) -> None:
    done = against(app, tmp_path, old)
    assert why in done.stderr and "Give a document as this command writes it." in done.stderr
    assert (done.exit_code, done.stdout) == (2, "")


def test_an_absent_file_is_said(app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["openapi", "--against", "nowhere.yaml"])
    assert "nowhere.yaml" in done.stderr and (done.exit_code, done.stdout) == (2, "")


def test_it_is_either_checked_or_compared(app: Flask, tmp_path: Path) -> None:
    """Both options exit 1 for different reasons, so they can't be combined."""
    done = against(app, tmp_path, FILE.read_bytes(), "--check")
    assert "Choose one of --check and --against." in done.stderr
    assert (done.exit_code, done.stdout) == (2, "")
