"""Through PgBouncer in transaction mode, where each transaction may run in another session."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from tests.actor import Someone
from tests.pgbouncer import running

CLIENTS, ROUNDS = 16, 5


@pytest.fixture(scope="module")
def pgbouncer(postgresql: str) -> Iterator[str]:
    with running(postgresql) as url:
        yield url


@pytest.fixture
def database_url(postgresql_url: str, pgbouncer: str) -> str:
    """An empty, migrated database, through PgBouncer."""
    return pgbouncer


def test_sixteen_clients_get_what_they_ask_for(app: Flask) -> None:
    def ask(client: int) -> Counter[tuple[str, int]]:
        someone, statuses = Someone(app.test_client()), Counter[tuple[str, int]]()
        for number in range(ROUNDS):
            name = f"client{client}.{number}"
            key = {"headers": {"Idempotency-Key": f'"{name:-<16}"'}}
            given = someone.gives_details(username=name)
            answers = {
                "sign up": someone.signs_up(name),
                "taken": someone.signs_up(name),
                "give": given,
                "give under a key": someone.gives_details(key, username=name),
                "read": someone.reads(given.headers.get("Location", "/")),
                "delete": someone.deletes(given.headers.get("Location", "/")),
            }
            statuses.update((asked, answer.status_code) for asked, answer in answers.items())
        return statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = sum(pool.map(ask, range(CLIENTS)), Counter[tuple[str, int]]())
    expected = {"sign up": 200, "taken": 409, "give": 201, "give under a key": 201, "read": 200}
    assert statuses == dict.fromkeys([*expected.items(), ("delete", 204)], CLIENTS * ROUNDS)
