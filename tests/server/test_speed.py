"""What a request costs, counted in steps of Python's bytecode: no clock, so the same on any day.

How fast it is in truth, `python -m tests.tools.benchmarks` measures.
"""

import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from queue import SimpleQueue
from types import FrameType
from typing import Any, NamedTuple

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from api import create_app
from api.config import Settings
from api.observability.json_lines import LineWriter
from tests.actor import FORM
from tests.tools.benchmarks.bare import app as bare


class Hot(NamedTuple):
    """A request that is asked often, and what it may cost."""

    method: str
    path: str
    form: dict[str, str] | None
    status: int
    most: float
    """How many times the steps of the bare app, on Python 3.11: what was counted, and 3 % more."""
    statements: int
    """Those that only begin or end a transaction aren't counted."""


SAM = {"username": "sam"}
NEW = {"username": "{new}"}
HOT = {
    "details given": Hot("POST", "/userDetails", FORM, 201, 2.5, 1),
    "an invalid form refused": Hot("POST", "/userDetails", SAM, 400, 1.77, 0),
    "details read": Hot("GET", "{link}", None, 200, 1.65, 1),
    "a sign-up without a password": Hot("POST", "/userSignUp", NEW, 200, 2.31, 1),
}
EACH = pytest.mark.parametrize("hot", HOT.values(), ids=HOT)
ENDS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "--")
WARM = 3


class Steps:
    """Counts the bytecode that this thread, and each that starts meanwhile, executes."""

    def __init__(self) -> None:
        self.counting, self.count = False, 0

    def trace(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode" and self.counting:
            self.count += 1
        return self.trace

    def of(self, act: Callable[[], object]) -> int:
        """How many it takes, together with what other threads do for it, and a little later."""
        self.count, self.counting = 0, True
        sys.settrace(self.trace)
        act()
        sys.settrace(None)
        time.sleep(0.05)
        self.counting = False
        return self.count


class RepeatedRequest:
    """An app that is asked the same again and again, past any client."""

    def __init__(self, app: Flask, hot: Hot) -> None:
        self.app, self.hot, self.number, self.link = app, hot, 0, "/userDetails"

    def environ(self) -> dict[str, Any]:
        self.number += 1
        form = self.hot.form and {
            name: text.format(new=f"sam{self.number}") for name, text in self.hot.form.items()
        }
        path = self.hot.path.format(link=self.link)
        return EnvironBuilder(path, method=self.hot.method, data=form).get_environ()

    def response_to(self, environ: dict[str, Any]) -> tuple[int, dict[str, str]]:
        heard: list[tuple[int, dict[str, str]]] = []

        def start_response(status: str, headers: Iterable[tuple[str, str]], *_: Any) -> Any:
            heard.append((int(status[:3]), dict(headers)))

        body: Any = self.app.wsgi_app(environ, start_response)
        for _ in body:
            pass
        body.close()
        return heard[0]


@pytest.fixture
def steps() -> Iterator[Steps]:
    counter, before = Steps(), sys.gettrace()
    # Before the service starts a thread of its own: one that runs already can't be traced.
    threading.settrace(counter.trace)
    yield counter
    threading.settrace(None)
    sys.settrace(before)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is put to SQLite, by whichever way."""
    put: list[str] = []
    connect = sqlite3.connect

    def connect_traced(*given: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*given, **named)
        connection.set_trace_callback(put.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_traced)
    return put


@pytest.fixture
def service(sqlite_url: str, statements: list[str], steps: Steps) -> Iterator[Flask]:
    """As it is in production: nothing records what it answers but its log."""
    app = create_app(Settings(database_url=sqlite_url))
    app.extensions["request_log"].write = LineWriter().write
    yield app
    app.extensions["store"].close()


def warm(app: Flask, hot: Hot) -> RepeatedRequest:
    """Asked some times already, so that all is prepared that is prepared once."""
    given = RepeatedRequest(app, HOT["details given"])
    asked = RepeatedRequest(app, hot)
    asked.link = given.response_to(given.environ())[1].get("Location", "/userDetails")
    for _ in range(WARM):
        asked.response_to(asked.environ())
    return asked


@EACH
def test_a_request_takes_few_steps_more_than_a_bare_flask_view(
    hot: Hot, service: Flask, steps: Steps
) -> None:
    """Of the bare app a form is asked, whatever is asked of the service."""
    ours = warm(service, hot)
    theirs = warm(bare, hot if hot.form else HOT["details given"])
    counted = [steps.of(partial(asked.response_to, asked.environ())) for asked in (ours, theirs)]
    # Another Python has other steps.
    margin = 1 if sys.version_info[:2] == (3, 11) else 1.25
    assert counted[0] / counted[1] <= hot.most * margin, counted


def test_the_steps_of_a_thread_that_works_for_a_request_are_counted(steps: Steps) -> None:
    asked: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[int] = SimpleQueue()

    def work() -> None:
        for number in iter(asked.get, 0):
            done.put(sum(range(number)))

    def ask() -> None:
        asked.put(100)
        done.get()

    thread = threading.Thread(target=work)
    thread.start()
    alone = steps.of(lambda: None)
    assert steps.of(ask) > alone + 10
    asked.put(0)
    thread.join()


@EACH
def test_a_request_is_at_most_one_statement(
    hot: Hot, service: Flask, statements: list[str]
) -> None:
    asked = warm(service, hot)
    statements.clear()
    assert asked.response_to(asked.environ())[0] == hot.status
    assert len([s for s in statements if not s.startswith(ENDS)]) == hot.statements, statements
