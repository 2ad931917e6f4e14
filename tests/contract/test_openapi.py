"""The checked-in document is up to date, valid and complete, and served unchanged."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from api import contract
from api.config import Settings
from api.contract import document, to_yaml
from api.contract.proof.document import Document
from tests.actor import Someone
from tests.operations import (
    DOCUMENT,
    EACH_OPERATION,
    FILE,
    OPERATIONS,
    Operation,
    documented,
    sign_up_with_records,
)
from tests.serving import REPOSITORY

EACH_DOCUMENTED = pytest.mark.parametrize(
    "operation_object",
    [
        pytest.param(operation_object, id=operation_object["operationId"])
        for _, _, operation_object in documented()
    ],
)


@EACH_OPERATION
def test_each_operation_succeeds_with_the_examples_of_the_document(
    app: Flask, operation: Operation
) -> None:
    """If a valid request needs more than these, add it to `Operation.ask`."""
    link = sign_up_with_records(app)[operation.id]
    answer = operation.ask(Someone(app.test_client()), link)
    assert answer.status_code == operation.status


def test_the_checked_in_document_is_what_the_code_says(app: Flask) -> None:
    kept, printed = FILE.read_text(encoding="utf-8"), to_yaml(document(app))
    diff = unified_diff(kept.splitlines(), printed.splitlines(), FILE.name, "the code", lineterm="")
    if kept != printed:
        pytest.fail("\n".join([*diff, "", "Accept this with: python -m api openapi"]), False)


def test_the_document_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    validate(DOCUMENT)


@EACH_DOCUMENTED
def test_each_answer_has_its_own_status(operation_object: dict[str, Any]) -> None:
    """Checklist 1: a `default` or a range would declare any response."""
    assert operation_object["responses"]
    assert [
        s for s in operation_object["responses"] if not re.fullmatch("[1-5][0-9][0-9]", str(s))
    ] == []


@EACH_DOCUMENTED
def test_each_operation_is_described(operation_object: dict[str, Any]) -> None:
    assert (
        operation_object["operationId"]
        and operation_object["summary"]
        and operation_object["description"]
    )
    described = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    assert operation_object["tags"] and set(operation_object["tags"]) <= described
    assert all(answer["description"] for answer in operation_object["responses"].values())


@EACH_DOCUMENTED
def test_each_response_may_have_members_that_a_later_version_adds(
    operation_object: dict[str, Any],
) -> None:
    responses = json.dumps(Document(DOCUMENT).resolve(operation_object["responses"]))
    assert '"properties"' in responses
    assert '"additionalProperties": false' not in responses


def test_the_operations_stand_in_the_order_of_their_use() -> None:
    assert [each.id for each in OPERATIONS][:2] == ["signUp", "createUserDetails"]
    assert [tag["name"] for tag in DOCUMENT["tags"]][:2] == ["Sign up", "User details"]


def test_each_operation_id_is_given_once() -> None:
    ids = [operation_object["operationId"] for _, _, operation_object in documented()]
    assert len(set(ids)) == len(ids)


def test_the_document_has_the_operations_that_are_routed_and_no_other(app: Flask) -> None:
    routed = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)): view.replies
        for rule in app.url_map.iter_rules()
        if isinstance(view := app.view_functions[rule.endpoint], contract.Operation)
        and view.documented
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {at: {str(s) for s in table} for at, table in routed.items()} == {
        (method, path): set(operation_object["responses"])
        for method, path, operation_object in documented()
    }


def test_the_document_says_whose_it_is_and_where() -> None:
    info = DOCUMENT["info"]
    assert info["title"] and info["version"] and info["description"]
    assert info["license"]["identifier"] == "MIT" and info["contact"]["name"]
    # A reader must soon see the operations.
    assert len(re.findall(r"[.](?= |$)", " ".join(info["description"].split()))) <= 5
    assert "MIT License" in (REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    # The URL of a service that was started without settings.
    settings = Settings()
    assert [server["url"] for server in DOCUMENT["servers"]] == [
        f"http://localhost:{settings.port}"
    ]


@pytest.mark.parametrize(
    ("url", "forwarded", "expected"),
    [
        ("http://localhost:5000", {}, "http://localhost:5000"),
        ("http://LocalHost", {"Proto": "https", "Host": "x.org"}, "http://LocalHost"),
        ("http://[::1]:5000", {}, "http://[::1]:5000"),
        ("http://xn--bcher-kva.example", {}, "http://xn--bcher-kva.example"),
        ("http://a_b~%22.org", {}, "http://a_b~%22.org"),
        ("http://127.0.0.1", {"Proto": "https", "Host": "x.org:8443", "Prefix": ""}, None),
        ("http://127.0.0.1", {"Proto": "https", "Host": "x.org", "Prefix": "/a~b/c-d"}, None),
    ],
)
def test_the_served_documents_are_the_checked_in_one_with_the_url_of_the_request(
    make_app_at: Callable[..., Flask],
    sqlite_url: str,
    url: str,
    forwarded: dict[str, str],
    expected: str | None,
) -> None:
    client = make_app_at(sqlite_url, trusted_proxies=int(expected is None)).test_client()
    if expected is None:
        expected = f"{forwarded['Proto']}://{forwarded['Host']}{forwarded['Prefix']}"
    edited = DOCUMENT | {"servers": [DOCUMENT["servers"][0] | {"url": expected}]}
    headers = {f"X-Forwarded-{name}": value for name, value in forwarded.items()}
    host = url.partition("//")[2]
    for _ in range(2):  # The document is encoded once, and not with the first client's URL.
        as_yaml, as_json = (
            client.get(f"/openapi.{kind}", headers=headers | {"Host": host})
            for kind in ("yaml", "json")
        )
        assert as_yaml.text == to_yaml(edited)
        # Strings are compared, so that the order of members matters too.
        assert json.dumps(json.loads(as_json.data)) == json.dumps(edited)
        # A cache must not give one client's URL to another.
        assert as_yaml.headers["Cache-Control"] == as_json.headers["Cache-Control"] == "no-store"
        assert client.get("/openapi.yaml", headers={"Host": "localhost:5000"}).data == (
            FILE.read_bytes()
        )


def test_the_document_has_no_character_that_cannot_be_seen() -> None:
    """The patterns contain some, written as escapes."""
    text = FILE.read_text(encoding="utf-8")
    assert text.replace("\n", "").isprintable() and "\\u200F" in text


def flask(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    """Return a function that runs the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "api", *arguments],
        cwd=REPOSITORY,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_document_is_printed_the_same_to_the_byte_in_each_process(tmp_path: Path) -> None:
    files = [tmp_path / f"{seed}.yaml" for seed in "12"]
    runs = [flask("openapi", "--file", str(f), PYTHONHASHSEED=f.stem) for f in files]
    for run in runs:
        _, errors = run.communicate(timeout=600)
        assert run.returncode == 0, errors
    assert files[0].read_bytes() == files[1].read_bytes() == FILE.read_bytes()


@pytest.mark.parametrize(
    ("code", "expected"), [("201", "is current."), ("299", "-        '299':\n+        '201':\n")]
)
def test_the_check_shows_a_difference_and_fails_for_it(
    tmp_path: Path, code: str, expected: str
) -> None:
    kept = tmp_path / "kept.yaml"
    kept.write_text(FILE.read_text(encoding="utf-8").replace("'201'", f"'{code}'"), "utf-8")
    before = kept.read_bytes(), kept.stat().st_mtime_ns
    run = flask("openapi", "--check", "--file", str(kept))
    printed, errors = run.communicate(timeout=600)
    assert expected in printed, printed + errors
    assert run.returncode == (code != "201")
    assert (kept.read_bytes(), kept.stat().st_mtime_ns) == before


def test_the_check_fails_without_a_checked_in_document(app: Flask, tmp_path: Path) -> None:
    absent = tmp_path / "absent.yaml"
    with app.app_context():
        run = app.test_cli_runner().invoke(args=["openapi", "--check", "--file", str(absent)])
    assert run.exit_code == 1 and "+openapi: 3.1.0" in run.stdout
    assert run.stderr == "Accept this with the same command without --check.\n"
    assert not absent.exists()
