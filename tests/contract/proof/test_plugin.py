"""The plugin in the tests of an app: contradictions fail tests, figures and thresholds the run."""

import html
import json
from pathlib import Path

import pytest
import yaml

from api.contract.proof.configuration import configurations
from tests.contract.small_document import DOCUMENT

APP = """
import json

ITEM = b'{"id": 1}'
JSON = ("Content-Type", "application/json")


def app(environ, start_response):
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if path == "/notes" and method == "POST":
        start_response("201 CREATED", [JSON, ("Location", "/notes/1")])
        return [ITEM]
    if path == "/notes/1":
        start_response("200 OK", [JSON])
        return [ITEM]
    if path == "/notes/2":
        start_response("200 OK", [JSON])
        return [b'{"id": "2"}']
    start_response("200 OK" if path.startswith("/admin/") else "404 NOT FOUND", [])
    return [b""]
"""
CONFTEST = """
import pytest
from app import app
from werkzeug.test import Client


@pytest.fixture
def client(contract):
    return Client(contract.record(app))
"""
READS = """
def test_read(client):
    assert client.get("/notes/1").status_code == 200

def test_unknown(client):
    assert client.get("/notes/3").status_code == 404
"""
CONTRADICTS = """
def test_text_id(client):
    assert client.get("/notes/2").status_code == 200
"""
TABLE = "document = 'small.yaml'\nundocumented = ['/admin/.*']\n"


@pytest.fixture
def ran(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> "Ran":
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (pytester.path / "small.yaml").write_text(yaml.safe_dump(DOCUMENT, sort_keys=False))
    pytester.makepyfile(app=APP)
    return Ran(pytester)


class Ran:
    """Runs tests of the app above."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester, self.path = pytester, pytester.path

    def __call__(
        self,
        tests: str = READS,
        *options: str,
        table: str = TABLE,
        header: str = "[tool.openapi-proof]",
        conftest: str = CONFTEST,
    ) -> pytest.RunResult:
        self.path.joinpath("conftest.py").write_text(conftest)
        self.path.joinpath("test_notes.py").write_text(tests)
        table = f"{header}\n{table}" if table else ""
        self.path.joinpath("pyproject.toml").write_text(f"[tool.pytest.ini_options]\n{table}")
        return self._pytester.runpytest_inprocess(
            "-p", "no:cacheprovider", "-p", "api.contract.proof.plugin", *options
        )


def test_figures_are_printed_at_the_end(ran: Ran) -> None:
    result = ran()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "small.yaml",
            "  contract: 4 of 19 promises seen",
            "    responses: 2 of 5 seen",
            "    headers: 0 of 1 seen",
            "  never seen: leaveNote, 201 application/json",
        ]
    )
    result.stdout.no_fnmatch_line("*exactness*")


def test_fields_and_characters_of_one_field_are_on_one_line(ran: Ran) -> None:
    lines = ran().stdout.lines
    (text,) = [line for line in lines if "never seen: leaveNote, application/x-www" in line]
    assert text.count(";") > 5


def test_a_contradiction_fails_its_test_with_the_line_and_what_to_do(ran: Ran) -> None:
    result = ran(READS + CONTRADICTS)
    lines = (ran.path / "small.yaml").read_text().splitlines()
    number = max(n for n, line in enumerate(lines, 1) if line == "            application/json:")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            f"*small.yaml:{number}: readNote, 200: the content isn't as declared: "
            "id: … is not of type \"integer\": '2'",
            "*Seen: GET /notes/2 got 200.",
            "*Change the app, or the document if the response is right.",
            "small.yaml (3 of 3 tests ran, 1 failed)",
        ]
    )


@pytest.mark.parametrize(
    ("test", "outcome"),
    [
        ("def test(client):\n    client.get('/notes/2')\n    pytest.skip('')", {"failed": 1}),
        ("def test(client):\n    client.get('/notes/2')\n    assert 0", {"failed": 1}),
        ("@pytest.mark.xfail\ndef test(client):\n    client.get('/notes/2')", {"xfailed": 1}),
        (
            "@pytest.fixture\ndef asked(client):\n    client.get('/notes/2')\n"
            "def test(asked):\n    pass",
            {"errors": 1},
        ),
        (
            "@pytest.fixture\ndef asked(client):\n    yield\n    client.get('/notes/2')\n"
            "def test(asked):\n    pass",
            {"passed": 1, "errors": 1},
        ),
    ],
    ids=["skipped", "failed", "xfail", "setup", "teardown"],
)
def test_a_contradiction_fails_the_phase_in_which_it_happens(
    test: str, outcome: dict[str, int], ran: Ran
) -> None:
    result = ran(f"import pytest\n\n{test}\n")
    result.assert_outcomes(**outcome)
    if "xfailed" not in outcome:
        result.stdout.fnmatch_lines(["*Seen: GET /notes/2 got 200."])


def test_many_contradictions_are_counted(ran: Ran) -> None:
    result = ran("def test(client):\n    for _ in range(30):\n        client.get('/notes/2')\n")
    result.stdout.fnmatch_lines(["*30 exchanges like this."])
    test = "def test(client):\n    for n in range(30):\n        client.get(f'/admin/{n}')\n"
    result = ran(test, table="document = 'small.yaml'")
    result.stdout.fnmatch_lines(["*More exchanges contradict the document.", "*10 exchanges like*"])


SEVERAL = """
def test_text_ids(client):
    for _ in range(2):
        client.get("/notes/2")

def test_other(client):
    client.get("/notes/2")
    for n in range(4):
        client.get(f"/other/{n}")
"""
CAUSES = [
    "  contradictions: 2 (in 2 tests)",
    "    small.yaml:7: /other/… isn't declared, but gets 200 (4 exchanges)",
    "    small.yaml:*: readNote, 200: the content isn't as declared: "
    'id: … is not of type "integer" (3 exchanges)',
]


def test_each_cause_of_contradictions_is_listed_once(ran: Ran) -> None:
    (ran.path / "app.py").write_text(APP.replace('"/admin/"', '("/admin/", "/other/")'))
    folder = ran.path / "reports"
    for options in ((), ("test_notes.py",)):
        result = ran(SEVERAL, f"--contract-report={folder}", *options)
        result.assert_outcomes(failed=2)
        result.stdout.fnmatch_lines(CAUSES, consecutive=True)
    listed = [
        line.strip() for line in json.loads((folder / "small.json").read_text())["contradictions"]
    ]
    assert len(listed) == 3
    markdown, page = ((folder / f"small.{kind}").read_text() for kind in ("md", "html"))
    assert all(f"- `{line}`" in markdown and html.escape(line) in page for line in listed)
    ran().stdout.no_fnmatch_line("  contradictions: *")


def test_at_most_twenty_causes_are_listed(ran: Ran) -> None:
    test = "def test(client):\n    for n in range(30):\n        client.get(f'/admin/a{n}')\n"
    result = ran(test, table="document = 'small.yaml'")
    assert (
        result.stdout.lines.count("  and 10 more: pytest --contract-report=DIR writes all as JSON")
        == 1
    )
    listed = [line for line in result.stdout.lines if line.endswith("gets 200 (1 exchange)")]
    assert len(listed) == 20


def test_contradictions_that_are_only_reported_fail_no_test(ran: Ran) -> None:
    (ran.path / "app.py").write_text(APP.replace('"/admin/"', '("/admin/", "/other/")'))
    result = ran(SEVERAL, table=f"{TABLE}contradictions = 'report'")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["small.yaml", *CAUSES])


def test_a_contradiction_outside_of_tests_fails_the_run(ran: Ran) -> None:
    hook = """
def pytest_sessionfinish(session):
    contract = session.config.pluginmanager.get_plugin("openapi-proof run").contracts[0]
    Client(contract.record(app)).get("/notes/2")
"""
    result = ran(conftest=CONFTEST + hook)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["contradictions outside of tests:", "*Seen: GET /notes/2*"])
    result.assert_outcomes(passed=2)


def test_a_provoked_contradiction_does_not_fail_the_test(ran: Ran) -> None:
    result = ran(
        "def test(client, contract):\n    with contract.provoke() as contradictions:\n"
        "        client.get('/notes/2')\n        client.get('/notes/1')\n"
        "    assert 'content isn' in str(contradictions[0]) and len(contradictions) == 1\n"
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  contract: 0 of 19 promises seen"])


def test_an_undocumented_path_is_passed_on(ran: Ran) -> None:
    test = "def test(client):\n    assert client.get('/admin/x').status_code == 200\n"
    ran(test).assert_outcomes(passed=1)
    ran(test, table="document = 'small.yaml'").assert_outcomes(failed=1)


def test_a_threshold_fails_a_whole_green_run_only(ran: Ran) -> None:
    table = f"{TABLE}fail_under = {{responses = 41, fields = 2}}"
    result = ran(table=table)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["  responses: 40.0 % is less than the 41 % of fail_under"])
    assert ran(table=table.replace("41", "40")).ret == pytest.ExitCode.OK
    chosen = ran(READS, "-k", "read", table=table)
    assert chosen.ret == pytest.ExitCode.OK
    chosen.stdout.fnmatch_lines(["small.yaml (partial: 1 of 2 tests ran)"])
    chosen.stdout.no_fnmatch_line("*never seen*")


FAILS = "\ndef test_failing(client):\n    client.get('/notes/1')\n    assert 0\n"
SKIPS = "\n@pytest.mark.skip\ndef test_skipped():\n    pass\n"


@pytest.mark.parametrize(
    ("tests", "options", "state"),
    [
        (READS + SKIPS, (), ""),
        (READS + FAILS + SKIPS, (), " (3 of 4 tests ran, 1 failed)"),
        (FAILS + READS + SKIPS, ("-x",), " (partial: 1 of 4 tests ran, 1 failed)"),
        (READS, ("test_notes.py",), " (partial: 2 of the tests ran)"),
        (READS + FAILS, ("test_notes.py",), " (partial: 3 of the tests ran, 1 failed)"),
        (READS, ("-k", "read"), " (partial: 1 of 2 tests ran)"),
    ],
)
def test_a_run_is_partial_if_some_tests_did_not_run(
    tests: str, options: tuple[str, ...], state: str, ran: Ran
) -> None:
    run = ran(f"import pytest\n{tests}", *options)
    (line,) = [line for line in run.stdout.lines if line.startswith("small.yaml")]
    assert line == f"small.yaml{state}"


def test_lines_are_proven_if_they_have_a_threshold(ran: Ran) -> None:
    result = ran(table=f"{TABLE}fail_under = {{lines = 10}}")
    result.stdout.fnmatch_lines(
        ["  exactness: * of 42 lines proven*", "  small.yaml:*: * could be: *"]
    )
    assert result.ret == pytest.ExitCode.OK
    assert ran(table=f"{TABLE}fail_under = {{lines = 90}}").ret == pytest.ExitCode.TESTS_FAILED
    lines = [line for line in result.stdout.lines if " could be: " in line]
    places = [line.partition(" could be: ")[0] for line in lines]
    assert len(places) == len(set(places)) > 5


def test_excused_promises_are_counted_apart(ran: Ran) -> None:
    table = f"{TABLE}fail_under = {{responses = 100}}\nexcused = {{'leaveNote' = 'It is new.'}}"
    result = ran(table=table)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["    responses: 2 of 5 seen, 3 excused"])
    result.stdout.no_fnmatch_line("*never seen: leaveNote*")


def test_an_excused_promise_that_was_seen_fails_the_run(ran: Ran) -> None:
    result = ran(table=f"{TABLE}excused = {{'readNote, 404' = 'None is missing.'}}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ['  excused, "readNote, 404": the tests have seen it. Remove the key.']
    )


def test_exchanges_of_clients_with_the_hosts_are_recorded(ran: Ran) -> None:
    tests = """
import httpx
from app import app


def test_read():
    for url in "http://notes.test:5000", "http://other.test:5000", "http://NOTES.test:80":
        with httpx.Client(transport=httpx.WSGITransport(app), base_url=url) as client:
            client.get("/notes/2")
            client.get("/admin/x")
"""
    result = ran(tests, table=f"{TABLE}hosts = ['notes.test:5000']")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*exchanges like this*")
    result = ran(tests, table=f"{TABLE}hosts = ['notes.test']")
    result.stdout.fnmatch_lines(["*2 exchanges like this.", "*contract: 0 of 19 promises seen"])
    ran(tests).assert_outcomes(passed=1)


def test_reports_are_written(ran: Ran) -> None:
    ran(READS, "-k", "unknown", f"--contract-report={ran.path / 'reports'}")
    reports = {file.name: file.read_text() for file in (ran.path / "reports").iterdir()}
    assert set(reports) == {"small.html", "small.json", "small.md"}
    assert all("partial: 1 of 2 tests ran" in report for report in reports.values())


def test_a_flask_app_is_recorded_once(ran: Ran) -> None:
    conftest = """
import flask
import pytest

flask_app = flask.Flask("notes")
flask_app.add_url_rule("/notes/1", view_func=lambda: {"id": 1})


@pytest.fixture
def client(contract):
    assert contract.record(flask_app) is flask_app is contract.record(flask_app)
    return flask_app.test_client()
"""
    traffic = ran.path / "traffic.jsonl"
    test = "def test_read(client):\n    assert client.get('/notes/1').json == {'id': 1}\n"
    ran(test * 2, f"--contract-traffic={traffic}", conftest=conftest).assert_outcomes(passed=1)
    assert len(traffic.read_text().splitlines()) == 1


def test_one_operation_is_reported_alone(ran: Ran) -> None:
    table = f"{TABLE}fail_under = {{lines = 1}}"
    result = ran(READS, "-k", "read", "--contract-of=readNote", table=table)
    result.stdout.fnmatch_lines(["  contract: 2 of 6 promises seen", "*never seen: readNote, 404"])
    result.stdout.no_fnmatch_line("*leaveNote*")
    result = ran(READS, "--contract-of=readNotes")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--contract-of: use one of the operations leaveNote, readNote."])


def test_a_run_without_an_exchange_says_what_to_do(ran: Ran) -> None:
    said = "  no exchange was recorded: use contract.record(app), or set hosts"
    tests = "def test():\n    pass\n"
    ran(tests).stdout.fnmatch_lines([said, "  contract: 0 of * promises seen"])
    for part in (ran(tests, "test_notes.py"), ran(tests, "-k", "test")):
        part.stdout.fnmatch_lines(["small.yaml (partial: *)", said])
        part.stdout.no_fnmatch_line("*promises seen")
    ran(tests, "--collect-only").stdout.no_fnmatch_line(said)
    ran(READS, "test_notes.py").stdout.no_fnmatch_line(said)


def test_without_a_configuration_the_plugin_is_silent(ran: Ran) -> None:
    result = ran("def test():\n    pass\n", table="")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*contract*")
    ran(table="").stdout.fnmatch_lines(["*pyproject.toml: add [[]tool.openapi-proof] with*"])


def test_the_number_of_kept_exchanges_is_bounded_but_all_are_counted(ran: Ran) -> None:
    """The first and the last ones are kept, and each that shows a promise."""
    tests = """
def test(client):
    for n in range(9):
        client.get(f"/notes/1?n={n}")
    client.get("/notes/3")

def test_again(client):
    client.get("/notes/1")
"""
    traffic = ran.path / "traffic.jsonl"
    result = ran(tests, f"--contract-traffic={traffic}", table=f"{TABLE}kept = 4")
    kept = [json.loads(line)["request"] for line in traffic.read_text().splitlines()]
    assert [request["query"][2:] for request in kept] == ["0", "1", "7", "8", "", ""]
    assert [request["path"][-1] for request in kept] == ["1", "1", "1", "1", "3", "1"]
    result.stdout.fnmatch_lines(["  contract: 4 of 19 promises seen"])


def test_two_documents_are_proven_apart(ran: Ran) -> None:
    (ran.path / "other.yaml").write_text(yaml.safe_dump(DOCUMENT, sort_keys=False))
    tests = """
from app import app
from werkzeug.test import Client

def test(client, contract):
    other = contract.of("other.yaml")
    Client(other.record(app)).get("/notes/1")
    client.get("/notes/3")
"""
    first, second = "[[tool.openapi-proof]]", "[[tool.openapi-proof]]\ndocument = 'other.yaml'"
    result = ran(tests, table=f"{TABLE}\n{second}", header=first)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["small.yaml", "  never seen: readNote, 200 *", "other.yaml", "  never seen: readNote, 404"]
    )


REASON = "'It is new.'"
MISTAKES = {
    "document = 'small.yml'": "small.yml can't be read as YAML or JSON: ",
    "documnet = 'small.yaml'": "('documnet' was unexpected). The keys are document, ",
    "kept = 2": '"document" is a required property. The keys are document, ',
    "document = 'app.py'": "app.py can't be read as YAML or JSON: ",
    "document = 'pyproject.toml'": "pyproject.toml can't be read as YAML or JSON: ",
    "document = 'swagger.yaml'": "swagger.yaml is no OpenAPI 3 document: it needs ",
    "document = 'empty.yaml'": "empty.yaml is no OpenAPI 3 document: it needs ",
    "document = 'small.yaml'\nundocumented = '/docs'": 'undocumented: "/docs" is not of type ',
    "document = 'small.yaml'\nundocumented = ['(']": "undocumented: '(' is no regular expression: ",
    f"{TABLE}hosts = [5000]": 'hosts, 0: 5000 is not of type "string"',
    f"{TABLE}contradictions = 'warn'": (
        'contradictions: "warn" is not one of "fail" or "report". Correct it.'
    ),
    f"{TABLE}kept = 0": "kept: 0 is less than the minimum of 1.",
    f"{TABLE}fail_under = {{statuses = 90}}": "fail_under: Additional properties are not",
    f"{TABLE}fail_under = {{responses = 101}}": "fail_under, responses: 101 is greater",
    f"{TABLE}excused = {{'readNote, 404' = ' '}}": 'excused, readNote, 404: " " does not match',
    f"{TABLE}excused = {{'readNotes' = {REASON}}}": (
        'excused, "readNotes": use one of the operations leaveNote, readNote.'
    ),
    f"{TABLE}excused = {{'readNote, 5' = {REASON}}}": (
        'excused, "readNote, 5": the document has no such promise. Remove the key.'
    ),
    f"{TABLE}refuses_valid = {{'readNotes, 400' = {REASON}}}": (
        'refuses_valid, "readNotes, 400": use one of the operations leave'
    ),
}


@pytest.mark.parametrize(("table", "said"), MISTAKES.items(), ids=MISTAKES.values())
def test_a_mistake_in_the_configuration_ends_the_run(table: str, said: str, ran: Ran) -> None:
    (ran.path / "swagger.yaml").write_text("swagger: '2.0'\npaths: {}")
    (ran.path / "empty.yaml").write_text("openapi: 3.1.0")
    result = ran(table=table)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{said.replace('[', '[[]')}*"])


def test_a_projects_own_configuration_is_valid() -> None:
    file = Path(__file__).parents[3] / "pyproject.toml"
    assert [one.document.name for one in configurations(file)] == ["openapi.yaml", "shelf.yaml"]


@pytest.mark.parametrize("text", ["", "[project]\nname = 'notes'\n", "[tool.ruff]\n"])
def test_a_project_without_a_table_has_no_configuration(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert configurations(tmp_path / "pyproject.toml") == []
    assert configurations(tmp_path / "missing.toml") == []
