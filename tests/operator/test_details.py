"""`details export`: every record exactly as stored, and ids only on request."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click import ClickException
from flask import Flask

from api.operator import common
from api.operator.details import _export
from tests.actor import Someone
from tests.commanding import refusal, run
from tests.operations import DOCUMENT
from tests.serving import REPOSITORY

ODD = ["=1+1", "+2", "-3", "@4", 'a "b", c', "李\u2028四", "e\u0301", " spaced ", "\\N"]
EXPORT = ("details", "export")


@pytest.fixture
def records(someone: Someone) -> list[dict[str, str]]:
    """The GET response for each record, oldest first."""
    links = [
        someone.gives_details(firstname=None if i % 2 else name, lastname=name).headers["Location"]
        for i, name in enumerate(ODD)
    ]
    return [someone.reads(link).get_json() for link in links]


def without_ids(records: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: text for name, text in r.items() if name != "id"} for r in records]


def test_a_line_of_json_is_what_get_answers(
    app: Flask, records: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "BATCH", 3)
    done = run(app, *EXPORT, "--with-ids")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.rstrip("\n").split("\n")
    assert [json.loads(line) for line in lines] == records
    assert [list(json.loads(line)) for line in lines] == [list(record) for record in records]


def test_csv_has_the_texts_exactly_as_they_came(app: Flask, records: list[dict[str, str]]) -> None:
    done = run(app, *EXPORT, "--format", "csv", "--with-ids")
    assert (done.exit_code, done.stderr) == (0, "")
    expected = [{n: text or "" for n, text in record.items()} for record in records]
    assert list(csv.DictReader(io.StringIO(done.stdout_bytes.decode(), newline=""))) == expected


def test_ids_are_left_out_unless_they_are_asked_for(
    app: Flask, records: list[dict[str, str]]
) -> None:
    for kind in ("csv", "jsonl"):
        output = run(app, *EXPORT, "--format", kind).stdout
        assert not [record for record in records if record["id"] in output]
    assert [json.loads(line) for line in output.rstrip("\n").split("\n")] == without_ids(records)


def test_no_records_are_none_and_csv_still_names_its_columns(app: Flask) -> None:
    assert run(app, *EXPORT).output == ""
    output = run(app, *EXPORT, "--format", "csv").stdout_bytes
    columns = [*DOCUMENT["components"]["schemas"]["UserDetails"]["properties"]]
    assert columns.pop(0) == "id"
    assert output.decode() == f"{','.join(columns)}\r\n"


def test_a_file_appears_whole_for_its_owner_and_replaces_none_unasked(
    app: Flask, records: list[dict[str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "out" / "details.jsonl"
    assert "No such file" in refusal(app, *EXPORT, "--output", str(file))
    file.parent.mkdir()
    assert run(app, *EXPORT, "--output", str(file)).output == ""
    kept = file.read_bytes()
    assert [json.loads(line) for line in kept.splitlines()] == without_ids(records)
    assert file.stat().st_mode & 0o777 == 0o600
    force = [*EXPORT, "--format", "csv", "--output", str(file)]
    assert refusal(app, *force) == f"Error: {file} exists: --force replaces it.\n"
    assert file.read_bytes() == kept
    assert run(app, *force, "--force").exit_code == 0
    assert file.read_bytes().startswith(b"username,")
    assert list(file.parent.iterdir()) == [file]


def test_a_failed_export_leaves_no_file(make_app_at: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app_at(f"sqlite:///{tmp_path / 'none.db'}")
    assert "unable to open" in refusal(app, *EXPORT, "--output", str(tmp_path / "out"))
    assert "unable to open" in refusal(app, *EXPORT)
    assert refusal(app, *EXPORT, "--format", "xml", code=2).startswith("Usage: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_disk_that_is_full_is_said(app: Flask) -> None:
    """With standard output redirected to the full disk."""
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with app.app_context(), pytest.raises(ClickException, match=r"No space left on device[.]"):
            _export(lambda text: os.write(full, text.encode()), "jsonl", with_ids=True, shown=False)
    finally:
        os.close(full)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_person_sees_a_bar_beside_the_records(
    database_url: str, records: list[dict[str, str]]
) -> None:
    """On a real terminal, with the records redirected."""
    screen, terminal = os.openpty()
    command = [sys.executable, "-m", "flask", "--app", "api", *EXPORT]
    output = subprocess.check_output(
        command,
        stderr=terminal,
        env={**os.environ, "DATABASE_URL": database_url, "PYTHONPATH": str(REPOSITORY)},
        cwd=Path(database_url.removeprefix("sqlite:///")).parent,
    )
    os.close(terminal)
    shown = os.read(screen, 100_000).decode()
    os.close(screen)
    assert "Exporting  [####" in shown and "100%" in shown
    assert [json.loads(line) for line in output.splitlines()] == without_ids(records)
