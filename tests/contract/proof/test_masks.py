"""Values with a secret's name are masked wherever they occur in files."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.datastructures import Headers

from api.contract.proof.configuration import Configuration
from api.contract.proof.exchanges import Exchange
from api.contract.proof.masks import MASK
from api.contract.proof.proof import Contradiction, Proof
from api.contract.proof.recording import write
from api.contract.proof.report import write_reports
from tests.contract.small_document import DOCUMENT, FORM, TRAFFIC, make_exchange

CANARY = "canary"
JSON = "application/json"


def headed(name: str, *, value: str = CANARY, answer: bool = False) -> Exchange:
    secret = Headers({name: value})
    plain = make_exchange("GET", "/notes/1", 404)
    return replace(plain, received=secret) if answer else replace(plain, sent=secret)


def received(said: str | bytes, media_type: str = JSON, **headers: str) -> Exchange:
    content = said.encode() if isinstance(said, str) else said
    kinds = Headers({"Content-Type": media_type} | headers)
    return replace(make_exchange("GET", "/notes/1", 200), received=kinds, content=content)


def made(said: object = None) -> Exchange:
    return make_exchange("GET", "/notes/1", 200, said={"id": 1} if said is None else said)


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
        headed("Location", answer=True, value=f"/there?a=b&access_token={CANARY}"),
        headed("Location", answer=True, value=f"/there#access_token={CANARY}&a=b"),
        headed("Referer", value=f"http://localhost/?code=1&Password={CANARY}"),
        received(json.dumps({"access_token": CANARY, "id": 1})),
        received(json.dumps([{"user": {"tokens": [CANARY]}}]), "application/hal+json"),
        received(json.dumps([CANARY])),
        received(json.dumps(CANARY)),
        received(json.dumps({"detail": [{"loc": ["body", "password"], "input": CANARY}]})),
        received(
            gzip.compress(json.dumps({"token": CANARY}).encode()), **{"Content-Encoding": "gzip"}
        ),
        received(f'{{"token": "{CANARY}"'),
        received(json.dumps({"token": CANARY}), **{"Content-Encoding": "br"}),
        received(f"<input name=csrf_token value={CANARY}>", "text/html"),
        received(f"data: {CANARY}", "text/event-stream"),
        received(CANARY, "application/octet-stream"),
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


def test_what_is_no_secret_in_a_response_is_written(tmp_path: Path) -> None:
    members, location = {"id": 1, "names": ["a"], "user": {"token": CANARY}}, "/there?a=b&c#d=e"
    exchanges = [
        received(json.dumps(members), Location=location),
        received("a text", "text/plain"),
        received(b"\xff\x00", "image/png"),
    ]
    write(exchanges, tmp_path / "traffic.jsonl")
    lines = (tmp_path / "traffic.jsonl").read_text(encoding="utf-8").splitlines()
    kept = [json.loads(line)["response"] for line in lines]
    bodies = [members | {"user": {"token": MASK}}, "a text", f"{MASK} (2 bytes)"]
    assert [response["body"] for response in kept] == bodies
    assert ["Location", location] in kept[0]["headers"]


@pytest.mark.parametrize(
    ("exchange", "cause"),
    [
        (made(said={"id": CANARY}), 'as declared: id: … is not of type "integer"'),
        (made(said={"id": [CANARY]}), 'as declared: id: … is not of type "integer"'),
        (made(said=[{"id": f'b"{CANARY}'}]), 'as declared: … is not of type "object"'),
        (made(said={"x": CANARY}), '; "id" is a required property'),
        (replace(made(), path=f"/notes/{CANARY}"), "was accepted: id: … doesn't fit"),
        (
            make_exchange("POST", "/notes", 201, sent=f"text={CANARY}", said={"id": 1}),
            '; text: … does not match "^[ab]*$"',
        ),
        (
            make_exchange("POST", "/notes", 201, sent="text=ab", said={"id": 1}, Location=CANARY),
            "Location: … isn't as declared",
        ),
    ],
)
def test_the_causes_of_contradictions_have_no_values(
    exchange: Exchange, cause: str, tmp_path: Path
) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")  # JSON is YAML.
    proof = Proof(Configuration(file, strict=True))
    with pytest.raises(Contradiction):
        proof.keep(exchange)
    causes = "\n".join(proof.causes())
    assert f"{cause} (1 exchange)" in causes and CANARY not in causes


@pytest.mark.parametrize(
    "exchange",
    [
        made(said={"id": 1, "access_token": CANARY}),
        made(said={"id": {"password": CANARY}}),
        made(said=CANARY),
        replace(sent(f"password={CANARY}&text=abba", FORM), status=201),
        make_exchange("POST", "/notes", 201, sent="text=ab", Location=f"/notes?token={CANARY}"),
    ],
)
def test_secrets_are_masked_in_contradictions(exchange: Exchange, tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")  # JSON is YAML.
    with pytest.raises(Contradiction) as raised:
        Proof(Configuration(file, strict=True)).keep(exchange)
    assert MASK in str(raised.value) and CANARY not in str(raised.value)


def test_a_tests_parameters_are_not_on_the_page(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(json.dumps(DOCUMENT), encoding="utf-8")  # JSON is YAML.
    proof = Proof(Configuration(file, strict=True))
    for exchange in TRAFFIC:
        proof.keep(replace(exchange, recorded_by=f"tests/test_a.py::test_b[{CANARY}]"))
    write_reports(tmp_path, proof)
    for kind in "html", "json":
        report = (tmp_path / f"small.{kind}").read_text(encoding="utf-8")
        assert "tests/test_a.py::test_b" in report and CANARY not in report
