"""`openapi --against`: from where the old document comes, accepted breaks, and the formats."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from marshmallow import Schema, fields, validate

from api.contract import JSON, PLAIN, Body, Gate, Header, Reply, operation
from api.contract.commands import openapi

LINE = Header({"type": "string", "const": "a,b|c%"})


class Note(Schema):
    text = fields.String(validate=validate.Length(1, 9), metadata={"examples": ["Buy milk"]})


class Query(Schema):
    limit = fields.Integer(validate=validate.Range(1, 5), metadata={"examples": [1]})


class ById(Schema):
    id = fields.Integer(metadata={"examples": [1]})


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """An app whose document is committed, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    app = Flask("notes", static_folder=None)
    Gate(app)
    app.cli.add_command(openapi)
    replies = {
        200: Reply(description="A note.", content={JSON: Body(Note)}, headers={"X-Line": LINE}),
        201: Reply(description="Text.", content={PLAIN: Body({"type": "string"}, "a")}),
    }

    @app.post("/notes/<int:id>")
    @operation(replies, path=ById, query=Query, json=Note)
    def add_note(**_: object) -> str:
        """Add a note.

        It is kept.

        For ever.
        """
        return ""

    return app


@pytest.fixture
def against(app: Flask) -> Callable[..., Result]:
    def run(old: str, *more: str) -> Result:
        return app.test_cli_runner().invoke(args=["openapi", "--against", old, *more])

    return run


@pytest.fixture
def printed(app: Flask) -> str:
    """The document that the app prints."""
    assert app.test_cli_runner().invoke(args=["openapi"]).exit_code == 0
    return Path("openapi.yaml").read_text(encoding="utf-8")


def git(*arguments: str) -> None:
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    user = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *user, *arguments], env=os.environ | own, check=True)


def test_the_old_document_may_be_in_a_commit_of_git(
    against: Callable[..., Result], printed: str
) -> None:
    Path("api").mkdir()
    Path("api/old.yaml").write_text(printed.replace("maxLength: 9", "maxLength: 10"), "utf-8")
    git("init", "--quiet", "--initial-branch", "trunk")
    git("add", "api")
    git("commit", "--quiet", "--message", "Old")
    Path("api/old.yaml").write_text(printed, "utf-8")
    listed = against("trunk:api/old.yaml")
    assert listed.exit_code == 1 and ", application/json, text: 10 to 9  [" in listed.stdout
    assert against("api/old.yaml").stdout == "There is no difference from api/old.yaml.\n"
    assert against("HEAD:./api/old.yaml").exit_code == 1
    for place, why in (
        ("trunk:new.yaml", "path 'new.yaml' does not exist in 'trunk'"),
        ("--output=x:y", "--output=x"),
        ("trunk:api", "it is not an OpenAPI document"),
    ):
        refused = against(place)
        assert (refused.exit_code, refused.stdout) == (2, "") and why in refused.stderr, place
    assert not Path("x:y").exists()


def test_an_accepted_break_is_listed_with_its_reason_and_fails_nothing(
    against: Callable[..., Result], printed: str
) -> None:
    old = printed.replace("maxLength: 9", "maxLength: 10").replace("maximum: 5", "maximum: 6")
    Path("old.yaml").write_text(old, "utf-8")
    first, second, *_, total = against("old.yaml").stdout.splitlines()
    assert total == "2 breaking, 1 compatible"
    names = [line.partition("  [")[2].rstrip("]") for line in (first, second)]
    table = "tool.openapi-proof"
    for head, expected in (
        (f"[{table}.accepted_breaks]", "1 breaking, 1 accepted, 1 compatible"),
        (f"[[{table}]]\n[{table}.accepted_breaks]", "1 breaking, 1 accepted, 1 compatible"),
        ("[tool.other]", "2 breaking, 1 compatible"),
    ):
        Path("pyproject.toml").write_text(f'{head}\n{names[0]} = "Nobody sends so many."\n')
        listed = against("old.yaml")
        assert (listed.exit_code, listed.stdout.splitlines()[-1]) == (1, expected), head
    Path("pyproject.toml").write_text(
        f"[{table}.accepted_breaks]\n" + "".join(f'{name} = "Nobody did."\n' for name in names)
    )
    listed = against("old.yaml")
    assert listed.exit_code == 0
    text = first.removeprefix("breaking  ").partition("  [")[0]
    assert listed.stdout.startswith(f"accepted  {text}  Nobody did.\n")
    assert listed.stdout.endswith("\n0 breaking, 2 accepted, 1 compatible\n")


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('[tool.openapi-proof.accepted_breaks]\n1234 = ""', 'give a reason: 1234 = "..."'),
        ("[tool.openapi-proof.accepted_breaks]\n1234 = true", 'give a reason: 1234 = "..."'),
        ("[tool", "Expected ']'"),
    ],
)
def test_a_break_is_not_accepted_without_a_reason(
    against: Callable[..., Result], printed: str, table: str, why: str
) -> None:
    Path("pyproject.toml").write_text(table)
    refused = against("openapi.yaml")
    assert refused.exit_code == 1 and refused.stderr.startswith(f"Error: pyproject.toml: {why}")


def test_markdown_is_a_table(against: Callable[..., Result], printed: str) -> None:
    Path("old.yaml").write_text(printed.replace("a,b|c%", "'`d`'"), "utf-8")
    head, rule, row, empty, total = against("old.yaml", "--format", "markdown").stdout.splitlines()
    assert (head, rule) == ("| | rule | place | |", "|---|---|---|---|")
    where = r'POST /notes/{id}, 200, x-line: "`d`" to "a,b\|c%"'
    start = f"| breaking | `response-header-const-changed` | `` {where} `` | ["
    assert row.startswith(start) and row.endswith("] |")
    assert (empty, total) == ("", "1 breaking, 0 compatible")


@pytest.mark.parametrize(
    ("edit", "level", "lines"),
    [
        (("maxLength: 9", "maxLength: 10"), "error", ["requestBody:", "application/json:"]),
        (("maxLength: 9", "maxLength: 8"), "error", ["'200':", "application/json:"]),
        (("maximum: 5", "maximum: 6"), "error", ["parameters:", "name: limit"]),
        (("a,b|c%", "d"), "error", ["'200':", "X-Line:"]),
        (("text/plain:", "text/html:"), "notice", ["'201':", "text/plain:"]),
        (("'201'", "'202'"), "notice", ["'201':"]),
        (("'201'", "'202'"), "error", ["post:"]),
        (("post:", "put:"), "notice", ["post:"]),
        (("post:", "put:"), "error", ["/notes/{id}:"]),
        (("/notes/{id}:", "/books/{id}:"), "error", []),
        (("title: notes", "title: books"), "notice", ["info:"]),
        (("openapi: 3.1.0", "openapi: 3.1.1"), "notice", []),
    ],
)
def test_a_github_workflow_annotates_the_line_of_the_printed_document(
    against: Callable[..., Result],
    printed: str,
    edit: tuple[str, str],
    level: str,
    lines: list[str],
) -> None:
    """Each of `lines` follows the one before. The first line is annotated if there is none."""
    assert edit[0] in printed
    Path("old.yaml").write_text(printed.replace(*edit), "utf-8")
    shown = against("old.yaml", "--format", "github", "--file", "docs,1/open:api.yaml").stdout
    texts, number = [line.strip(" -") for line in printed.splitlines()], 0
    for line in lines:
        number = texts.index(line, number)
    file = "file=docs%2C1/open%3Aapi.yaml"
    assert f"::{level} {file},line={number + 1},title=" in shown
    assert shown.splitlines()[-1].endswith(" compatible")


def test_an_annotation_ends_at_its_end(against: Callable[..., Result], printed: str) -> None:
    Path("old.yaml").write_text(printed.replace("a,b|c%", "d"), "utf-8")
    shown = against("old.yaml", "--format", "github").stdout.splitlines()[0]
    title = "title=breaking response-header-const-changed"
    start = f'{title}::POST /notes/{{id}}, 200, x-line: "d" to "a,b|c%25" ['
    assert start in shown and shown.endswith("]")
