"""A database server that stops responding delays requests only up to a timeout."""

import select
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url

from api.errors import NOTHING_CHANGED
from api.problem_types import OUTCOME_UNKNOWN
from tests.actor import Someone
from tests.storage.test_unavailable import assert_unavailable

pytestmark = pytest.mark.long


class Wire:
    """A TCP proxy to PostgreSQL's socket that can be frozen: it accepts bytes and forwards none.

    It freezes by itself after it has forwarded the bytes in `last`.
    """

    def __init__(self, server: Path) -> None:
        self.server, self.thawed, self.closed = server, Event(), Event()
        self.thawed.set()
        self.last = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self._accepting = Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        self.thawed.set()
        self.closed.set()
        self._accepting.join()  # It would raise if the listener were closed before.
        self.listener.close()

    def _accept(self) -> None:
        while not self.closed.is_set():
            if select.select([self.listener], [], [], 0.05)[0]:
                client, _ = self.listener.accept()
                Thread(target=self._carry, args=[client], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        # A client that gives up closes its end, sometimes with a reset. Then this connection ends
        # too.
        with suppress(OSError), client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self.server))
            ends = {client: server, server: client}
            while not self.closed.is_set():
                for end in select.select(list(ends), [], [], 0.05)[0]:
                    data = end.recv(65536)
                    self.thawed.wait()
                    if not data:
                        return
                    # Before the data is sent, because a response may set `last` meanwhile.
                    is_last = bool(self.last) and self.last in data
                    ends[end].sendall(data)
                    if is_last:
                        self.last = b""
                        self.thawed.clear()


@pytest.fixture
def wire(postgresql_url: str) -> Iterator[Wire]:
    folder = make_url(postgresql_url).query["host"]
    assert isinstance(folder, str)
    wire = Wire(Path(folder) / ".s.PGSQL.5432")
    yield wire
    wire.close()


@pytest.fixture
def database_url(postgresql_url: str, wire: Wire) -> str:
    url = make_url(postgresql_url).set(host="127.0.0.1", port=wire.port, query={})
    return url.render_as_string(hide_password=False)


def test_a_frozen_server_is_503_and_the_service_recovers(
    make_app: Callable[..., Flask], wire: Wire
) -> None:
    """Checklist 14 and 15."""
    connected, new = (Someone(make_app(database_timeout=1).test_client()) for _ in range(2))
    assert connected.gives_details().status_code == 201
    wire.thawed.clear()
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(s.gives_details, lastname="lost") for s in (connected, new)]
        try:
            # The timeout is set to a second; psycopg's minimum for a new connection is two.
            answers = [answer.result(timeout=60) for answer in asked]
        finally:
            wire.thawed.set()
    for answer in answers:
        assert_unavailable(answer)
        assert answer.get_json(force=True)["detail"] == NOTHING_CHANGED
    for someone in (connected, new):
        assert someone.gives_details().status_code == 201


@pytest.mark.parametrize(
    "sent",
    [{}, {"headers": {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}}],
    ids=["without a key", "with a key"],
)
def test_an_uncertain_outcome_is_reported_as_uncertain(
    make_app: Callable[..., Flask], wire: Wire, sent: Any
) -> None:
    app = make_app(database_timeout=1)
    someone = Someone(app.test_client())
    assert someone.gives_details().status_code == 201
    wire.last = b"COMMIT\0"  # The NUL keeps `READ COMMITTED` from matching.
    answer = someone.gives_details(sent, lastname="lost")
    wire.thawed.set()
    assert_unavailable(answer)
    assert answer.get_json(force=True)["type"] == OUTCOME_UNKNOWN.uri
    again = someone.gives_details(sent, lastname="lost")
    assert again.status_code == 201
    with app.extensions["store"].database.engine.connect() as connection:
        there = connection.exec_driver_sql("SELECT FROM user_details WHERE lastname = 'lost'")
        assert there.rowcount == (1 if sent else 2), "it was done, and under a key but once"
