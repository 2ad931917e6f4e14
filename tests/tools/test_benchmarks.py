"""The benchmarks detect errors, and their drawings are valid. CI runs one of them."""

from collections import Counter
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree

import pytest

from api.config import Settings
from api.storage.database import Database, open_engine
from api.storage.store import Store
from tests.actor import RECORD
from tests.tools.benchmarks.bench import Bench, Key
from tests.tools.benchmarks.filled import fill, some_links
from tests.tools.benchmarks.kept import missing
from tests.tools.benchmarks.load import Load
from tests.tools.benchmarks.peers.serving import PEERS
from tests.tools.benchmarks.plot import NUMBERS, draw
from tests.tools.benchmarks.rows import BESIDE_PEERS, rows
from tests.tools.benchmarks.table import Row


def _acknowledged(*links: str) -> Load:
    return Load("t1", {"201"}, 1, statuses=Counter({"201": len(links)}), links=list(links))


def test_a_record_that_was_acknowledged_and_is_not_there_is_seen(sqlite_url: str) -> None:
    store = Store(Database(open_engine(Settings(database_url=sqlite_url))))
    key = store.add_details(**RECORD)
    store.close()
    kept = _acknowledged(f"/userDetails/{key}")
    lost = _acknowledged(f"/userDetails/{UUID(int=1)}")
    assert missing(sqlite_url, [kept]) == []
    assert missing(sqlite_url, [lost]) == ["1 of 1 records were acknowledged and aren't there"]
    assert missing(sqlite_url, [_acknowledged(*kept.links * 2)]) == [
        "2 records were acknowledged by 1 links"
    ]


def test_a_sign_up_that_was_acknowledged_and_is_not_there_is_seen(sqlite_url: str) -> None:
    store = Store(Database(open_engine(Settings(database_url=sqlite_url))))
    store.add_account("t1-1", None)
    store.close()
    load = Load("t1", {"200"}, 1, sent=2, statuses=Counter({"200": 1}))
    assert missing(sqlite_url, [load]) == []
    load.statuses["200"] = 2
    assert missing(sqlite_url, [load]) == ["2 sign-ups were acknowledged, 1 are there"]


def test_an_answer_that_was_not_expected_is_seen_and_is_no_success() -> None:
    load = Load("t1", {"201", "503+"}, 2, statuses=Counter({"201": 10, "503+": 4, "503": 1}))
    assert load.rate == 5
    assert load.wrong() == ["1 answers 503"]
    load.errors["timeout"] = 3
    assert load.wrong() == ["1 answers 503", "3 timeout errors"]
    assert Load("t1", {"201"}).wrong() == ["no answer"]


@pytest.mark.parametrize(
    ("rates", "p99", "wrong"),
    [
        ([80, 90, 70], 49, False),
        ([79, 90, 70], 49, True),
        ([80, 90, 70], 50, True),
    ],
)
def test_too_low_a_ratio_or_too_high_a_latency_is_reported(
    rates: list[float], p99: float, wrong: bool
) -> None:
    row = Row("work", "bare app", True, 16, rates, [100, 100, 100], 0.80, p99, 50)
    assert row.wrong is wrong
    assert row.cells()[-1] == ("MISSED" if wrong else "ok")


def test_the_service_must_be_three_times_as_fast_as_each_peer(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 1, 1)
    bench.keep(Key(BESIDE_PEERS, "details", True, 16), _of_rate(30))
    for name in PEERS:
        bench.keep(Key(name, "details", True, 16), _of_rate(11 if name == "Litestar" else 10))
    assert [row.against for row in rows(bench)] == list(PEERS)
    assert [row.against for row in rows(bench) if row.wrong] == ["Litestar"]


def _of_rate(rate: int) -> Load:
    return Load("t1", {"201"}, 1, statuses=Counter({"201": rate}))


def test_the_drawings_are_valid(tmp_path: Path) -> None:
    bench = Bench(tmp_path, 1, 1)
    for server in ("crowded bare", "crowded service"):
        for kept in (True, False):
            for n in NUMBERS:
                load = Load("t1", {"201"}, 1, n * 0.2, n * 0.9, statuses=Counter({"201": 9 * n}))
                bench.keep(Key(server, "details", kept, n), load)
    texts = [element.text for element in ElementTree.fromstring(draw(bench)).iter()]
    assert {"requests/s, kept connections", "this service, on SQLite", "10,000"} <= set(texts)
    assert [row.connections for row in rows(bench)] == [256, 1000, 256, 1000]


def test_many_records_are_such_as_the_service_makes(tmp_path: Path) -> None:
    fill(tmp_path / "signup.db", accounts=10, details=100)
    to = some_links(tmp_path / "signup.db", 10, tmp_path / "links")
    ids = [UUID(line.rpartition("/")[2]) for line in to.read_text("ascii").splitlines()]
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'signup.db'}")
    store = Store(Database(open_engine(settings)))
    assert len(ids) == 10
    assert {store.find_details(key).lastname for key in ids} == {"king"}
    assert {key.version for key in ids} == {4}
    store.close()
