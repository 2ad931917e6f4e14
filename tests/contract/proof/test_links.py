"""A link counts as followed only if a value that a test created led to a request of that test."""

from dataclasses import replace

import pytest

from api.contract.proof.document import Document
from api.contract.proof.exchanges import Exchange
from api.contract.proof.flows import Flows
from tests.contract.small_document import make_exchange

DONE = {"description": "Done."}
LINK = {"operationId": "readNote", "parameters": {"note_id": "$response.body#/key"}}


def document(*, is_declared: bool = True) -> Document:
    left = {"201": DONE | ({"links": {"read": LINK}} if is_declared else {})}
    note = {"in": "path", "name": "note_id", "required": True, "schema": {}}
    read = {"operationId": "readNote", "parameters": [note], "responses": {"200": DONE}}
    paths = {
        "/notes": {"post": {"operationId": "leaveNote", "responses": left}},
        "/users": {"post": {"operationId": "signUp", "responses": {"201": DONE}}},
        "/notes/{note_id}": {"get": read},
    }
    return Document({"openapi": "3.1.0", "paths": paths})


def left(key: str, path: str = "/notes", sent: str = "") -> Exchange:
    return make_exchange("POST", path, 201, said={"key": key}, sent=sent)


def read(key: str) -> Exchange:
    return make_exchange("GET", f"/notes/{key}", 200)


def is_followed(*exchanges: Exchange) -> bool:
    return not list(Flows(document(), exchanges).contradictions(document()))


def test_a_link_is_followed_by_a_parameter_of_any_name() -> None:
    assert is_followed(left("a8f3c2e1"), read("a8f3c2e1"))
    undeclared = document(is_declared=False)
    (said,) = Flows(undeclared, [left("a8f3c2e1"), read("a8f3c2e1")]).contradictions(undeclared)
    assert said.endswith(
        "$response.body#/key, to readNote's note_id was followed and isn't declared"
    )


@pytest.mark.parametrize(
    "exchanges",
    [
        [read("a8f3c2e1"), left("a8f3c2e1")],
        [left("1"), read("1")],
        [left("a8f3c2e1"), replace(read("a8f3c2e1"), recorded_by="another test")],
        [left("a8f3c2e1"), left("a8f3c2e1", "/users"), read("a8f3c2e1")],
        [left("a8f3c2e1", sent="key=a8f3c2e1"), read("a8f3c2e1")],
    ],
    ids=["before", "short", "in another test", "of another operation too", "sent by the client"],
)
def test_a_value_that_may_be_equal_by_chance_follows_no_link(exchanges: list[Exchange]) -> None:
    assert not is_followed(*exchanges)


def test_two_short_values_are_not_equal_by_chance() -> None:
    assert is_followed(left("1"), left("2"), read("2"), read("1"))
