"""The cost of a request, counted in executed bytecode instructions, independent of the clock.

`python -m tests.tools.benchmarks` measures the real speed.
"""

import gc
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from queue import SimpleQueue
from typing import Any, NamedTuple

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from api import create_app
from api.config import Settings
from api.observability.json_lines import LineWriter
from tests.actor import FORM
from tests.steps import MARGIN, Steps
from tests.tools.benchmarks.bare import app as bare


class FrequentRequest(NamedTuple):
    """A frequent request, and its maximum cost."""

    method: str
    path: str
    form: dict[str, str] | None
    status: int
    most: float
    """The maximum, relative to the bare app, on Python 3.11: the measured ratio plus 3 %."""
    statements: int
    """The maximum of SQL statements, not counting those that begin or end a transaction."""


SAM = {"username": "sam"}
NEW = {"username": "{new}"}
FREQUENT_REQUESTS = {
    "details given": FrequentRequest("POST", "/userDetails", FORM, 201, 2.74, 1),
    "an invalid form refused": FrequentRequest("POST", "/userDetails", SAM, 400, 1.81, 0),
    "details read": FrequentRequest("GET", "{link}", None, 200, 1.83, 1),
    "a sign-up without a password": FrequentRequest("POST", "/userSignUp", NEW, 200, 2.56, 1),
}
EACH = pytest.mark.parametrize("hot", FREQUENT_REQUESTS.values(), ids=FREQUENT_REQUESTS)
# A group of writes has one "SAVEPOINT writes". A "SAVEPOINT write" for each write would count.
ENDS = ("BEGIN", "SAVEPOINT writes", "COMMIT", "ROLLBACK", "--")
WARM = 3


class RepeatedRequest:
    """Sends the same kind of request repeatedly, directly to the WSGI app."""

    def __init__(self, app: Flask, hot: FrequentRequest) -> None:
        self.app, self.hot, self.number, self.link = app, hot, 0, "/userDetails"

    def environ(self) -> dict[str, Any]:
        self.number += 1
        form = self.hot.form and {
            name: text.format(new=f"sam{self.number}") for name, text in self.hot.form.items()
        }
        path = self.hot.path.format(link=self.link)
        return EnvironBuilder(path, method=self.hot.method, data=form).get_environ()

    def response_to(self, environ: dict[str, Any]) -> tuple[int, dict[str, str]]:
        responses: list[tuple[int, dict[str, str]]] = []

        def start_response(status: str, headers: Iterable[tuple[str, str]], *_: Any) -> Any:
            responses.append((int(status[:3]), dict(headers)))

        body: Any = self.app.wsgi_app(environ, start_response)
        for _ in body:
            pass
        body.close()
        return responses[0]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL statements that SQLite executes."""
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
    """The app as in production, without the recorder of exchanges."""
    app = create_app(Settings(database_url=sqlite_url))
    app.extensions["request_log"].write = LineWriter().write
    yield app
    app.extensions["store"].close()


def warm(app: Flask, hot: FrequentRequest) -> RepeatedRequest:
    """Send some requests first, so that caches are filled and lazy initialization is done."""
    given = RepeatedRequest(app, FREQUENT_REQUESTS["details given"])
    asked = RepeatedRequest(app, hot)
    asked.link = given.response_to(given.environ())[1].get("Location", "/userDetails")
    for _ in range(WARM):
        asked.response_to(asked.environ())
    return asked


@EACH
def test_a_request_takes_few_steps_more_than_a_bare_flask_view(
    hot: FrequentRequest, service: Flask, steps: Steps
) -> None:
    """The bare app gets a form in each case."""
    ours = warm(service, hot)
    theirs = warm(bare, hot if hot.form else FREQUENT_REQUESTS["details given"])
    counted = [
        steps.count_steps(partial(asked.response_to, asked.environ())) for asked in (ours, theirs)
    ]
    assert counted[0] / counted[1] <= hot.most * MARGIN, counted


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
    alone = steps.count_steps(lambda: None)
    assert steps.count_steps(ask) > alone + 10
    asked.put(0)
    thread.join()


@EACH
def test_a_request_leaves_no_more_for_the_garbage_collector_than_a_bare_flask_view(
    hot: FrequentRequest, service: Flask
) -> None:
    """A cycle through a traceback holds all frames of its request: 115 objects."""

    def unreachable(asked: RepeatedRequest) -> int:
        environs = [asked.environ() for _ in range(10)]
        gc.collect()
        gc.disable()
        try:
            for environ in environs:
                asked.response_to(environ)
            return gc.collect()
        finally:
            gc.enable()

    ours, theirs = warm(service, hot), warm(bare, FREQUENT_REQUESTS["details given"])
    assert unreachable(ours) <= unreachable(theirs)


@EACH
def test_a_request_is_at_most_one_statement(
    hot: FrequentRequest, service: Flask, statements: list[str]
) -> None:
    asked = warm(service, hot)
    statements.clear()
    assert asked.response_to(asked.environ())[0] == hot.status
    assert len([s for s in statements if not s.startswith(ENDS)]) == hot.statements, statements
