"""The long fuzzing detects errors. CI runs the command itself, with some hundred requests."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from flask.typing import ResponseReturnValue
from schemathesis import Case
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from api import errors
from api.application import create_app
from api.config import Settings
from api.contract import FORM, Link, operation
from api.observability.json_lines import to_line
from api.schemas import NewUserDetails, RecordLink, UserDetails
from api.storage.store import Record, store
from api.user_details import BY_ID, DETAILS
from tests.serving import REPOSITORY
from tests.tools.long_fuzz.__main__ import HERE, SETTINGS, fuzz, is_odd, untried
from tests.tools.long_fuzz.asked import OPERATIONS
from tests.tools.long_fuzz.figures import Figures, Row
from tests.tools.long_fuzz.predicted import CHAIN

# With this seed, chains and sign-ins succeed early, also on a busy machine. CI uses it too.
SEED = 6
TIMES = 10
JUDGED = TIMES * len(OPERATIONS)


@pytest.mark.long
def test_a_wrong_204_for_a_deleted_record_is_detected(tmp_path: Path) -> None:
    """Schemathesis alone would accept it, because 204 is declared."""
    store = shutil.copytree(REPOSITORY / "api", tmp_path / "api") / "storage" / "store.py"
    raised = "            raise NoSuchRecord\n\n"
    before, name, method = store.read_text(encoding="utf-8").partition("    def delete_details(")
    assert raised in method
    wrong = method.replace(raised, "            pass\n\n", 1)
    store.write_text(before + name + wrong, encoding="utf-8")
    settings = SETTINGS | {"PYTHONPATH": str(tmp_path)}
    found = fuzz("sqlite:///signup.db", asked=100, seed=SEED, shortest=5, settings=settings)
    assert not found.failures
    assert any(line.startswith("404 foretold, 204 answered: ") for line in found.wrong(100))


@pytest.mark.long
def test_an_operation_by_link_that_takes_a_form_is_fuzzed(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schemathesis infers a link with a form to it from the response with the same fields."""
    app = create_app(Settings(database_url=sqlite_url, ratelimit_enabled=False))
    replies = {200: DETAILS, 400: errors.BAD_FORM, 404: errors.NOT_FOUND}

    def find(id: UUID) -> Record:
        return store.find_details(id)

    @app.put("/again/userDetails/<uuid:id>")
    @operation(replies, path=RecordLink, find=find, form=NewUserDetails)
    def submit_again(found: Record, form: object) -> ResponseReturnValue:
        return UserDetails().dump(found), 200

    created: Any = app.view_functions["user_details.create_user_details"]
    link = Link("submitAgain", BY_ID, "Submit the details again.")
    monkeypatch.setitem(created.replies[201].links, "again", link)
    config = SchemathesisConfig.from_path(HERE / "schemathesis.toml")
    sent = Counter[str]()

    def after_call(_context: object, case: Case[Any], response: schemathesis.Response) -> None:
        if case.method == "PUT" and response.status_code == 200:
            sent[str(case.media_type)] += 1

    # A run may end before both kinds of form were sent.
    for seed in range(SEED, SEED + 9):
        config.update(seed=seed, max_failures=None)
        whole: Any = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
        schema = whole.include(path_regex="/userDetails")
        schema.hook(after_call)
        stream = from_schema(schema).fuzz()
        for event in stream:
            assert not isinstance(event, events.NonFatalError), event.info.message
            if sent.keys() >= {*FORM}:
                stream.stop()
        if sent.keys() >= {*FORM}:
            break
    assert sent.keys() == {*FORM}


def _ran(status: int = 200, chains: int = 10, **said: list[str]) -> Figures:
    """Return the figures of a run with ten requests for each operation, all with this status."""
    rows = Counter({Row(label, status, "no body", "none", "none"): TIMES for label in OPERATIONS})
    ran = Figures()
    ran += Figures(rows, rows, Counter(dict.fromkeys(CHAIN, chains)), **said)
    return ran


def test_nothing_is_wrong_with_a_run_in_which_enough_succeeded() -> None:
    assert list(_ran().wrong(JUDGED)) == []


@pytest.mark.parametrize(
    ("ran", "asked", "said"),
    [
        (_ran(failures=["red"]), JUDGED, "red"),
        (_ran(surprises=["404 foretold, 200 answered"]), JUDGED, "404 foretold, 200 answered"),
        (_ran(503), JUDGED, "10 answers 503 of GET /userDetails"),
        (_ran(), JUDGED + 1, f"only {JUDGED} of {JUDGED + 1} requests were made and judged"),
        (_ran(404), JUDGED, "GET /userDetails: 0 successes, fewer than 1"),
        (Figures(), JUDGED, "GET /userDetails: 0 successes, fewer than 1"),
        (_ran(chains=0), JUDGED, "chains, missed: 0 successes, fewer than 1"),
    ],
)
def test_a_run_tells_what_is_wrong(ran: Figures, asked: int, said: str) -> None:
    assert said in list(ran.wrong(asked))


@pytest.mark.parametrize(
    ("line", "odd"),
    [
        (to_line("error", "api", "response 500", None), True),
        (to_line("critical", "api", "a worker crashed", None), True),
        (to_line("info", "api", "response 200", None), False),
        ("RuntimeError: printed past the log", True),
    ],
)
def test_errors_in_the_log_are_detected(line: str, odd: bool) -> None:
    assert is_odd(line) == odd


def test_missing_variations_are_reported() -> None:
    assert list(untried(_ran())) == [
        "never tried, encoding: application/x-www-form-urlencoded",
        "never tried, encoding: multipart/form-data",
        "never tried, accept: application/json",
        "never tried, accept: image/png",
        "never tried, accept: text/html",
        "never tried, accept: text/plain;q=0.5, */*;q=0.1",
        "never tried, credentials: broken",
        "never tried, credentials: good",
        "never tried, credentials: wrong",
    ]


def test_the_figures_that_a_run_keeps_are_read_as_they_were() -> None:
    ran = _ran(failures=["red"], surprises=["odd"])
    assert Figures.from_json(ran.to_json()) == ran
