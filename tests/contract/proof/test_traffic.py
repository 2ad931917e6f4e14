"""Traffic is recorded unchanged, and written without secrets; the proof is written as HTML."""

import json
import socket
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.contract.proof.configuration import Configuration
from api.contract.proof.exchanges import Exchange
from api.contract.proof.masks import MASK
from api.contract.proof.proof import Proof
from api.contract.proof.recording import recorded, write
from api.contract.proof.report import write_reports
from tests.actor import Someone
from tests.browser import listening
from tests.contract.small_document import DOCUMENT, TRAFFIC

CANARY = "a canary sings below ground"


@pytest.fixture
def exchanges() -> list[Exchange]:
    return []


@pytest.fixture
def someone(
    make_app_at: Callable[..., Flask], sqlite_url: str, exchanges: list[Exchange]
) -> Someone:
    app = make_app_at(sqlite_url)
    app.wsgi_app = recorded(app.wsgi_app, exchanges.append)  # type: ignore[method-assign,assignment]
    return Someone(app.test_client())


# The parameter, and so the canary, is in the test's name too.
@pytest.mark.parametrize("canary", [CANARY])
def test_no_password_is_kept_on_disk(
    canary: str, someone: Someone, exchanges: list[Exchange], tmp_path: Path
) -> None:
    someone.signs_up("ada", canary)
    form = {"username": "eve", "password": canary}
    someone.posts(form, "multipart/form-data", "/userSignUp")
    someone.posts(json.dumps(form), "application/json", "/userSignUp")
    someone.posts(f"password={canary}&%", "application/x-www-form-urlencoded", "/userSignUp")
    someone.signs_in("ada", canary).gives_details(username="ada")
    write(exchanges, tmp_path / "traffic.jsonl")
    kept = (tmp_path / "traffic.jsonl").read_text(encoding="utf-8")
    assert len(kept.splitlines()) == len(exchanges) == 5
    for hidden in canary, canary.replace(" ", "+"), canary.replace(" ", "%20"), "YWRhOm":
        assert hidden not in kept
    first, *_, last = (json.loads(line) for line in kept.splitlines())
    assert first["request"]["body"] == [["username", "ada"], ["password", MASK]]
    assert first["response"]["status"] == 200
    assert first["response"]["body"] == {"message": "Success"}
    assert ["Authorization", MASK] in last["request"]["headers"]


def test_an_exchange_has_what_was_sent_and_received(
    someone: Someone, exchanges: list[Exchange]
) -> None:
    body, form = "username=%C3%A9", "application/x-www-form-urlencoded"
    answer = someone.posts(body, form, "/userSignUp?a=b")
    (exchange,) = exchanges
    assert (exchange.method, exchange.path, exchange.query) == ("POST", "/userSignUp", "a=b")
    assert exchange.body == body.encode()
    assert exchange.status == 400 and exchange.content == answer.data
    assert exchange.received["Access-Control-Allow-Origin"] == "*"
    assert "test_an_exchange_has" in exchange.recorded_by


@pytest.mark.parametrize(("length", "body"), [(3, b"abc"), (4, None)])
def test_a_body_that_did_not_come_whole_is_none(
    length: int, body: Any, someone: Someone, exchanges: list[Exchange]
) -> None:
    framed = {"CONTENT_LENGTH": str(length)}
    someone.asks("POST", "/userSignUp", data=b"abc", environ_overrides=framed)
    assert exchanges[0].body == body


def test_the_page_names_every_promise_and_every_line(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(json.dumps(DOCUMENT, indent=1), encoding="utf-8")  # JSON is YAML.
    proof = Proof(Configuration(file, strict=True))
    for exchange in TRAFFIC[1:]:
        proof.keep(exchange)
    write_reports(tmp_path / "pages", proof)
    page = (tmp_path / "pages" / "small.html").read_text(encoding="utf-8")
    assert f"{proof.coverage}" in page and f"{proof.verdict}" in page
    for promise in proof.coverage.promises:
        if promise.kind == "responses":
            assert escape(promise.where.partition(" ")[2] or "no content") in page
        if promise not in proof.coverage.seen:
            assert f"missing: {escape(promise.where)}" in page
    assert proof.verdict.survivors
    for mutant in proof.verdict.survivors:
        assert f"survives: {escape(mutant.change)}" in page
    assert page.count("<pre>") == len(file.read_text(encoding="utf-8").splitlines())


def test_a_body_is_read_to_its_end_and_no_further(
    make_app_at: Callable[..., Flask], sqlite_url: str, exchanges: list[Exchange]
) -> None:
    """A server passes the connection itself, which a browser leaves open."""
    app = make_app_at(sqlite_url)
    app.wsgi_app = recorded(app.wsgi_app, exchanges.append)  # type: ignore[method-assign,assignment]
    with listening(app) as port, socket.create_connection(("127.0.0.1", port), timeout=60) as there:
        exchange = "POST /userDetails HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain"
        there.sendall(f"{exchange}\r\nContent-Length: 3\r\n\r\nabc".encode())
        assert there.recv(4096).startswith(b"HTTP/1.1 415 ")
    assert [exchange.body for exchange in exchanges] == [b"abc"]
