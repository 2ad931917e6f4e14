"""Three instances that share a Redis share one limit, and work without it if it is unavailable."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from tests import redis_server
from tests.odd_server import GONE
from tests.operations import NO_RECORD
from tests.security.test_let_in_forged import FORGED
from tests.serving import serving

pytestmark = pytest.mark.long

INSTANCES, CLIENTS, MOST = 3, 9, 10
ALL = 3 * INSTANCES * MOST
"""The number of requests, so that each instance refuses some, however it counts."""


class Instances(NamedTuple):
    """The URLs of the instances, and their Redis."""

    urls: list[str]
    redis: redis_server.Redis
    answered: list[int]
    """The status of each response, in order of arrival."""

    def ask(self, method: str, number: int = ALL, after: float = 0.0) -> list[requests.Response]:
        """Send requests to the instances in turn, concurrently, with forged address headers."""
        time.sleep(after)
        asked = islice(zip(cycle(self.urls), cycle([{}, *FORGED]), strict=False), number)

        def ask(url: str, forged: dict[str, str]) -> requests.Response:
            answer = requests.request(method, url + NO_RECORD, headers=forged, timeout=60)
            self.answered.append(answer.status_code)
            return answer

        with ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(lambda each: ask(*each), asked))


@pytest.fixture(scope="module")
def instances(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    with ExitStack() as stack, ThreadPoolExecutor(INSTANCES) as pool:
        redis = stack.enter_context(redis_server.running())
        settings = {
            "DATABASE_URL": postgresql,
            "WEB_CONCURRENCY": "1",
            "RATELIMIT_STORAGE_URI": redis.uri,
            "RATELIMIT_DEFAULT": f"{MOST} per hour",
        }

        def start(folder: Path) -> str:
            # An instance that tries an unavailable Redis again after exactly GONE seconds.
            return stack.enter_context(serving(folder, settings, "tests.odd_server")).url

        folders = [tmp_path_factory.mktemp("instance") for _ in range(INSTANCES)]
        yield Instances(list(pool.map(start, folders)), redis, [])


def statuses(answers: list[requests.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_instances_share_a_limit_and_its_retry_after_is_right(instances: Instances) -> None:
    """Checklist 14 and 33."""
    assert statuses(instances.ask("GET")) == {404: MOST, 429: ALL - MOST}
    (counted,) = instances.redis.client.keys()
    # Redis reports the remaining time in whole seconds.
    for left in (20_000, 20_300, 20_499, 20_501, 20_800):
        instances.redis.client.pexpire(counted, left)
        (told,) = [answer.headers["Retry-After"] for answer in instances.ask("GET", 1)]
        assert instances.redis.client.pttl(counted) <= 1000 * int(told) <= left + 2000


def test_redis_may_be_killed_under_load_and_is_used_again_afterwards(
    instances: Instances,
) -> None:
    """In the meantime each worker counts by itself."""
    assert statuses(instances.ask("DELETE"))[404] == MOST
    with ThreadPoolExecutor() as pool:
        before = len(instances.answered)
        asking = pool.submit(instances.ask, "DELETE", 2 * ALL)
        while len(instances.answered) < before + ALL // 2:
            time.sleep(0.001)
        instances.redis.kill()
        assert len(instances.answered) < before + 2 * ALL
        answers = asking.result() + instances.ask("DELETE")
    mine = INSTANCES * MOST
    assert statuses(answers) == {404: mine, 429: 3 * ALL - mine}
    instances.redis.start()
    again = instances.ask("HEAD", after=GONE)
    assert statuses(again) == {404: MOST, 429: ALL - MOST}
