"""Values with a secret's name are masked wherever they occur in files."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.datastructures import Headers

from api.contract.proof.exchanges import Exchange
from api.contract.proof.proof import Proof
from api.contract.proof.recording import MASK, write
from api.contract.proof.report import write_reports
from tests.contract.small_document import DOCUMENT, TRAFFIC, make_exchange

CANARY = "canary"
JSON = "application/json"


def headed(name: str, *, answer: bool = False) -> Exchange:
    secret = Headers({name: CANARY})
    plain = make_exchange("GET", "/notes/1", 404)
    return replace(plain, received=secret) if answer else replace(plain, sent=secret)


def sent(text: str, media_type: str) -> Exchange:
    return make_exchange("POST", "/notes", 400, sent=text, content_type=media_type)


@pytest.mark.parametrize(
    "exchange",
    [
        *map(headed, ["Authorization", "Proxy-Authorization", "COOKIE", "X-Shelf-Key", "x-token"]),
        headed("Set-Cookie", answer=True),
        replace(
            make_exchange("GET", "/notes/1", 404), query=f"a=b&passw%6Frd={CANARY}&api_key={CANARY}"
        ),
        sent(f"Password={CANARY}&password2={CANARY}", "application/x-www-form-urlencoded"),
        sent(json.dumps({"user": {"password": CANARY}}), JSON),
        sent(json.dumps({"users": [{"password": [CANARY]}]}), JSON),
        sent(json.dumps([{"password": CANARY}]), JSON),
        sent(json.dumps(CANARY), JSON),
        sent(f'{{"password": "{CANARY}"', JSON),
        sent(CANARY, "text/plain"),
    ],
)
def test_a_secret_is_masked_wherever_it_stands(exchange: Exchange, tmp_path: Path) -> None:
    write([exchange], tmp_path / "traffic.jsonl")
    kept = (tmp_path / "traffic.jsonl").read_text(encoding="utf-8")
    assert CANARY not in kept and MASK in kept


def test_other_values_are_not_masked(tmp_path: Path) -> None:
    plain = replace(sent(json.dumps({"a": [1, {"b": None}]}), JSON), query="a=%20&&b&c==")
    write([plain], tmp_path / "traffic.jsonl")
    kept = json.loads((tmp_path / "traffic.jsonl").read_text(encoding="utf-8"))
    assert kept["request"]["query"] == plain.query
    assert kept["request"]["body"] == {"a": [1, {"b": None}]}
    assert kept["request"]["headers"] == [list(header) for header in plain.sent]
    assert kept["response"] == {"status": 400, "headers": [], "body": ""}


def test_a_tests_parameters_are_not_on_the_page(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")  # JSON is YAML.
    proof = Proof(file)
    for exchange in TRAFFIC:
        proof.keep(replace(exchange, recorded_by=f"tests/test_a.py::test_b[{CANARY}]"))
    write_reports(tmp_path, proof)
    for kind in "html", "json":
        report = (tmp_path / f"small.{kind}").read_text(encoding="utf-8")
        assert "tests/test_a.py::test_b" in report and CANARY not in report
