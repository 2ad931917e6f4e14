"""Several instances on one PostgreSQL database behave as one service."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest
import requests

from tests.serving import serving

pytestmark = pytest.mark.long

INSTANCES, CLIENTS, NAMES = 3, 50, 10


def test_of_fifty_concurrent_sign_ups_at_three_instances_one_succeeds(
    postgresql_url: str, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": postgresql_url, "THREADS": "8"}
    with ExitStack() as stack:
        urls = []
        for number in range(INSTANCES):
            folder = tmp_path / str(number)
            folder.mkdir()
            urls.append(stack.enter_context(serving(folder, settings)).url)
        begin = Barrier(CLIENTS)

        def race(client: int) -> list[tuple[str, int]]:
            responses = []
            url = urls[client % INSTANCES]
            with requests.Session() as session:
                for number in range(NAMES):
                    begin.wait(timeout=60)
                    name = f"Racer{number}" if client % 2 else f"racer{number}"
                    answer = session.post(f"{url}/userSignUp", {"username": name}, timeout=60)
                    responses.append((name.lower(), answer.status_code))
            return responses

        with ThreadPoolExecutor(CLIENTS) as pool:
            responses = Counter(one for each in pool.map(race, range(CLIENTS)) for one in each)
    names = [f"racer{number}" for number in range(NAMES)]
    won = {(name, 200): 1 for name in names}
    assert responses == won | {(name, 409): CLIENTS - 1 for name in names}
