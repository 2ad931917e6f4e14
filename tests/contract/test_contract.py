"""A view may return any response that Flask allows, in each declared representation."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask, make_response
from flask.typing import ResponseReturnValue

from api.contract import Gate, Reply, message, operation

ROUND = {"X-Shape": "round"}
MADE = message("Made", "It is made.")
REPRESENTATIONS = {
    None: ("application/json", '{"message": "Made"}\n'),
    "*/*": ("application/json", '{"message": "Made"}\n'),
    "text/plain": ("text/plain; charset=utf-8", "Made"),
    "text/html": ("text/html; charset=utf-8", "<h1>Made</h1>"),
}

Answer = Callable[[], ResponseReturnValue]


def make_small(
    view: Answer, headers: Mapping[str, str] | None = None, *, reply: Reply = MADE
) -> Flask:
    """A minimal app that uses `api.contract` and nothing else of the service."""
    app = Flask("small")
    Gate(app)
    replies = {201: reply.with_headers(headers or {}), 404: message("Gone", "It is gone.")}
    app.post("/things")(operation(replies)(view))
    app.testing = True
    return app


def body_and_status() -> ResponseReturnValue:
    return "Made", 201


def body_and_status_and_headers() -> ResponseReturnValue:
    return "Made", 201, ROUND


def made_response() -> ResponseReturnValue:
    return make_response("Made", 201)


def status_code_set() -> ResponseReturnValue:
    response = make_response("Made")
    response.status_code = 201
    return response


@pytest.mark.parametrize("accept", REPRESENTATIONS)
@pytest.mark.parametrize("view", [body_and_status, made_response, status_code_set])
def test_each_way_of_returning_a_status_leaves_in_each_representation(
    view: Answer, accept: str | None
) -> None:
    answered = make_small(view).test_client().post("/things", headers=accept and {"Accept": accept})
    assert (answered.content_type, answered.text) == REPRESENTATIONS[accept]
    assert answered.status == "201 CREATED"


@pytest.mark.parametrize("accept", REPRESENTATIONS)
def test_headers_returned_with_a_status_leave_in_each_representation(accept: str | None) -> None:
    app = make_small(body_and_status_and_headers, ROUND)
    answered = app.test_client().post("/things", headers=accept and {"Accept": accept})
    assert (answered.content_type, answered.text) == REPRESENTATIONS[accept]
    assert (answered.status_code, answered.headers["X-Shape"]) == (201, "round")


@pytest.mark.parametrize("wrap", [lambda body: (body, 201), lambda body: make_response(body, 201)])
def test_a_mapping_says_its_message_in_text_and_all_of_itself_in_json(
    wrap: Callable[[Any], Any],
) -> None:
    properties = {"message": {"const": "Made"}, "id": {"type": "integer"}}
    made = message("Made", "It is made.", {"type": "object", "properties": properties})
    client = make_small(lambda: wrap({"message": "Made", "id": 7}), reply=made).test_client()
    assert client.post("/things", headers={"Accept": "text/plain"}).text == "Made"
    assert client.post("/things", headers={"Accept": "text/html"}).text == "<h1>Made</h1>"
    assert client.post("/things").get_json() == {"message": "Made", "id": 7}
