"""Metrics for Prometheus: summed over all workers, correct after a crash, without personal data."""

import os
import signal
import socket
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Timer
from uuid import uuid4

import pytest
import requests
from flask import Flask
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from api.config import SettingsError
from api.observability.metrics import Metrics
from api.serve import _listen
from tests.actor import FORM, Someone
from tests.clients import LIVEZ, request_once
from tests.measured import MetricsServer, within
from tests.records import recorded_lines
from tests.serving import free_port, serving

PASSWORDS = 200
"""The rate limit per hour in each worker. To hash so many takes several samples of the metrics."""
KILLED = list[int]()
"""The process ids of the workers of the server that a test killed."""

CLIENTS = 8


@pytest.fixture(scope="module")
def metrics_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetricsServer]:
    folder = tmp_path_factory.mktemp("measured")
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "METRICS_ADDRESS": address,
        "LOG_LEVEL": "warning",
        "TMPDIR": str(folder),
        "RATELIMIT_PASSWORDS": f"{PASSWORDS} per hour",
        "RATELIMIT_FAILURES": f"{4 * PASSWORDS} per hour",
        "DATABASE_TIMEOUT": "60",
    }
    with serving(folder, settings) as server:
        KILLED.clear()  # Long tests run before those of other modules, so there may be two servers.
        yield MetricsServer(server, address)
        assert list(folder.glob("sign-up-metrics-*"))
        assert server.stop() == 0
        # The log has a line about each killed worker, and none about requests.
        log = server.log.read_text()
        assert log.count("\n") == log.count("SIGKILL") == len(KILLED)
        assert not list(folder.glob("sign-up-metrics-*"))


def ask(metrics_server: MetricsServer, times: int) -> None:
    """Submit valid and invalid details and request an unknown path, `times` times each."""

    def ask_all(_: int) -> None:
        url = metrics_server.server.url
        with requests.Session() as session:
            statuses = [
                session.post(f"{url}/userDetails", FORM, timeout=60).status_code,
                session.post(f"{url}/userDetails", {"username": "sam"}, timeout=60).status_code,
                session.get(f"{url}/canary", timeout=60).status_code,
            ]
        assert statuses == [201, 400, 404]

    with ThreadPoolExecutor(CLIENTS) as threads:
        assert len(list(threads.map(ask_all, range(times)))) == times


def request_count(operation: str, status: int) -> str:
    return f'signup_requests_total{{operation="{operation}",status="{status}"}}'


REQUESTS = [
    request_count("createUserDetails", 201),
    request_count("createUserDetails", 400),
    request_count("", 404),
]
DURATION = 'signup_request_duration_seconds_{}operation="createUserDetails"}}'


@pytest.mark.long
def test_two_workers_and_one_that_was_killed_add_up_to_what_was_asked(
    metrics_server: MetricsServer,
) -> None:
    folder = next(metrics_server.server.log.parent.glob("sign-up-metrics-*"))
    began, asked = time.monotonic(), 0
    while len(list(folder.glob("counter_*"))) < 2:  # Until both workers have counted requests.
        assert time.monotonic() < began + 60
        ask(metrics_server, 40)
        asked += 40
    elapsed = time.monotonic() - began
    figures = metrics_server.read()
    assert [figures[name] for name in REQUESTS] == [asked] * 3
    counts = figures[DURATION.format("count{")], figures[DURATION.format('bucket{le="+Inf",')]
    assert counts == (2 * asked, 2 * asked)
    assert 0 < figures[DURATION.format("sum{")] < CLIENTS * elapsed
    victim = metrics_server.workers()[0]
    KILLED.append(victim.pid)
    os.kill(victim.pid, signal.SIGKILL)
    assert within(60, lambda: victim.pid not in {w.pid for w in metrics_server.workers()})
    assert within(60, lambda: len(metrics_server.workers()) == 2)
    ask(metrics_server, 10)
    figures = metrics_server.read()
    assert [figures[name] for name in REQUESTS] == [asked + 10] * 3
    assert within(60, lambda: metrics_server.read()["signup_database_connections_most"] == 64)
    assert not list(folder.glob(f"gauge_*_{victim.pid}.db"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_a_worker_is_about_to_fill_is_read_once_it_is_filled(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    metrics = Metrics(app)
    file = Path(metrics.folder, "counter_1.db")
    file.touch()

    def fill() -> None:
        file.write_bytes(bytes(4096))

    with pytest.raises(struct.error):
        metrics.read()
    Timer(0.05, fill).start()
    metrics.read()
    metrics.close()


def test_connections_in_use_are_counted(metrics_server: MetricsServer) -> None:
    """Such as the connection of a write that waits for SQLite's lock."""
    (file,) = metrics_server.server.log.parent.glob("*.db")

    def sign_up() -> None:
        requests.post(
            f"{metrics_server.server.url}/userSignUp", {"username": uuid4().hex}, timeout=120
        )

    def is_counted() -> bool:
        return metrics_server.read()["signup_database_connections_in_use"] > 0

    with closing(sqlite3.connect(file, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(sign_up)
            counted = within(55, is_counted)
            another.execute("ROLLBACK")
    assert counted
    assert within(60, lambda: not is_counted())


@pytest.mark.long
def test_waiting_and_refused_requests_are_counted(metrics_server: MetricsServer) -> None:
    def ask_in(number: int) -> int:
        auth = "canary", f"canary {number}"
        return requests.get(
            f"{metrics_server.server.url}/userDetails", auth=auth, timeout=60
        ).status_code

    most = dict.fromkeys(("hashing_waiting", "hashing_running"), 0.0)
    with ThreadPoolExecutor(24) as threads:
        answers = [threads.submit(ask_in, number) for number in range(3 * PASSWORDS)]
        while not all(answer.done() for answer in answers):
            figures = metrics_server.read()
            most = {name: max(most[name], figures[f"signup_{name}"]) for name in most}
    statuses = [answer.result() for answer in answers]
    assert most["hashing_running"] in (1, 2) and most["hashing_waiting"] > 2
    figures = metrics_server.read()
    assert figures['signup_limited_total{limit="passwords"}'] == statuses.count(429) > 0
    assert figures[request_count("getMyUserDetails", 429)] == statuses.count(429)
    assert figures[request_count("getMyUserDetails", 401)] == statuses.count(401) > 0


def test_no_label_tells_of_a_person(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "METRICS_ADDRESS": address,
        "RATELIMIT_TAKEN": "1 per hour",
        "WEB_CONCURRENCY": "1",
    }
    with serving(tmp_path, settings) as server:
        requests.get(f"{server.url}/userDetails", auth=("canary", "sam"), timeout=60)
        url, form = f"{server.url}/userSignUp", {"username": "sam"}
        answers = [requests.post(url, form, timeout=60) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 409, 429]
        text = MetricsServer(server, address).request().body.decode()
    families = list(text_string_to_metric_families(text))
    labels = {label for family in families for sample in family.samples for label in sample.labels}
    assert labels == {"operation", "status", "limit", "le"}
    assert "canary" not in text and "sam" not in text


def test_there_is_nothing_else_at_the_address_and_nothing_of_it_at_the_other(
    metrics_server: MetricsServer,
) -> None:
    assert metrics_server.request(path="/metrics?x").status == 200
    for path in "/", "/metrics/", "/userDetails", "/livez", "metrics":
        assert metrics_server.request(path=path).status == 404
    for method in "POST", "HEAD", "PUT", "DELETE", "OPTIONS":
        assert metrics_server.request(method).status == 501
    assert request_once(metrics_server.server, LIVEZ.replace(b"livez", b"metrics")).status == 404


def test_a_silent_metrics_client_delays_others_only_briefly(
    metrics_server: MetricsServer,
) -> None:
    host, _, port = metrics_server.address.rpartition(":")
    with socket.create_connection((host, int(port))):
        began = time.monotonic()
        metrics_server.read()
    assert time.monotonic() < began + 30


def test_an_address_that_is_taken_is_said(metrics_server: MetricsServer) -> None:
    host, _, port = metrics_server.address.rpartition(":")
    with pytest.raises(SettingsError, match=r"METRICS_ADDRESS: can't listen on .* in use"):
        _listen("METRICS_ADDRESS", host, int(port))


def test_metrics_that_can_not_be_stored_do_no_harm(
    make_app_at: Callable[..., Flask], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    app = make_app_at(sqlite_url)
    Metrics(app).close()
    with recorded_lines() as logged:
        assert Someone(app.test_client()).gives_details().status_code == 201
        assert "figures can't be kept: No such file" in logged()[0]["message"]


def test_a_client_that_sends_slowly_does_not_keep_others_waiting(
    metrics_server: MetricsServer,
) -> None:
    host, _, port = metrics_server.address.rpartition(":")
    with ExitStack() as opened:
        for _ in range(20):
            slow = opened.enter_context(socket.create_connection((host, int(port))))
            slow.sendall(b"GET /metr")
        metrics_server.read()
        slow.sendall(b"ics HTTP/1.0\r\n\r\n")
        assert slow.recv(100).startswith(b"HTTP/1.0 200 ")


@pytest.mark.long
def test_the_folder_of_a_killed_service_is_deleted_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of a running service stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    settings = {"METRICS_ADDRESS": f"127.0.0.1:{free_port()}", "TMPDIR": str(tmp_path)}

    def folders() -> list[Path]:
        return [*tmp_path.glob("sign-up-metrics-*")]

    with serving(tmp_path, settings):
        (first,) = folders()
    assert folders() == [first]
    others = settings | {"METRICS_ADDRESS": f"127.0.0.1:{free_port()}"}
    with serving(tmp_path, settings) as second, serving(tmp_path, others):
        assert len(folders()) == 2 and first not in folders()
        assert second.stop() == 0
        assert len(folders()) == 1
