"""Undeclared responses are found, in any part of a response."""

import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from werkzeug.datastructures import Headers

from api.contract.proof.configuration import Configuration
from api.contract.proof.exchanges import Exchange
from api.contract.proof.proof import Contradiction, Proof
from api.contract.proof.values import fits, from_text
from tests.contract.small_document import DOCUMENT, make_exchange, note_left

HERE = make_exchange("GET", "/notes/1", 200, said={"id": 1})


def typed(exchange: Exchange, *media_types: str, content: bytes | None = None) -> Exchange:
    """Return the exchange with another media type of the response, or with several."""
    others = [(name, value) for name, value in exchange.received if name != "Content-Type"]
    received = Headers([*others, *(("Content-Type", kind) for kind in media_types)])
    return replace(
        exchange, received=received, content=exchange.content if content is None else content
    )


@pytest.fixture
def document() -> dict[str, Any]:
    said = deepcopy(DOCUMENT)
    said["paths"]["/notes"]["post"]["responses"] |= {
        status: {"description": "No."} for status in ("406", "409", "422")
    }
    content = said["paths"]["/notes/{id}"]["get"]["responses"]["200"]["content"]
    content["text/plain"] = {"schema": {"const": "é"}}
    return said


@pytest.fixture
def proof(document: Any, tmp_path: Path) -> Proof:
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return Proof(Configuration(file, strict=True))


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (make_exchange("GET", "/elsewhere", 500), "/elsewhere isn't declared, but gets 500"),
        (make_exchange("OPTIONS", "/elsewhere", 204), "/elsewhere isn't declared, but gets 204"),
        (make_exchange("PUT", "/notes", 500), "PUT /notes isn't declared, but gets 500"),
        (make_exchange("PUT", "/notes", 404), "PUT /notes isn't declared, but gets 404"),
        (make_exchange("PUT", "/notes/1", 404), "PUT /notes/{id} isn't declared, but gets 404"),
        (typed(replace(HERE, method="HEAD"), "a/b", content=b""), "a/b isn't declared"),
        (typed(HERE, "application/json", "text/plain"), "content-type occurs 2 times"),
        (typed(HERE, "application/json", content=b'{"id": 3, "id": 1}'), "can't be read"),
        (typed(HERE, "application/json", content='{"id": 1}'.encode("utf-16")), "can't be read"),
        (typed(HERE, "text/plain; charset=latin-1", content="é".encode()), "isn't as declared"),
        (typed(HERE, "text/plain; charset=x", content="é".encode()), "can't be read"),
        (
            make_exchange("POST", "/notes", 409, sent="text=ac"),
            "an invalid request was in conflict",
        ),
        (make_exchange("POST", "/notes", 422, sent="text=ab"), "a valid request was refused"),
        (make_exchange("POST", "/notes", 406, sent="text=ab"), "was refused for Accept"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_answer_is_found(exchange: Exchange, said: str, proof: Proof) -> None:
    with pytest.raises(Contradiction, match=re.escape(said)):
        proof.keep(exchange)


@pytest.mark.parametrize(
    "exchange",
    [
        make_exchange("GET", "/elsewhere", 404),
        make_exchange("PUT", "/elsewhere", 414),
        make_exchange("PUT", "/notes/x", 404),
        make_exchange("PUT", "/notes/1", 501),
        typed(replace(HERE, method="HEAD"), "application/json", content=b""),
        typed(HERE, "text/plain; charset=latin-1", content="é".encode("latin-1")),
        make_exchange("POST", "/notes", 409, sent="text=ab"),
        make_exchange("POST", "/notes", 422, sent="text=ac"),
        note_left("text=ab", 1),
    ],
)
def test_a_right_answer_is_kept(exchange: Exchange, proof: Proof) -> None:
    proof.keep(exchange)
    assert proof.exchanges == [exchange]


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        *[("5", {"integer", "number"}), ("5.0", {"integer", "number"})],
        *[("-5e0", {"integer", "number"}), ("1.5", {"number"}), ("05", set())],
        *[("", set()), ("+5", set()), ("5.", set()), ("\u0665", set())],
    ],
)
def test_a_number_is_written_as_in_json(text: str, fit: set[str]) -> None:
    kinds = ("integer", "number", "boolean")
    assert {k for k in kinds if fits({"type": k}, from_text({"type": k}, text))} == fit
