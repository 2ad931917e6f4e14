"""Declared replies: immutable, and each violation is named."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from flask import Flask, Response
from marshmallow import Schema

from api.config import Settings
from api.contract import Body, Credentials, Header, Link, Reply, message
from api.contract.bodies import RawBody, RequestBody
from api.contract.encodings import urlencoded
from api.contract.inputs import valid_texts
from api.fields import USERNAME

MADE = message("Made", "It is made.")


@pytest.mark.parametrize(
    "promise",
    [
        Body({}),
        Credentials("key", {}, lambda: None),
        Header({}),
        Link("read", {}, ""),
        MADE,
        RawBody(b"", urlencoded, ""),
        RequestBody("form", {}, valid_texts, Schema()),
        Settings(),
        USERNAME,
    ],
    ids=lambda promise: type(promise).__name__,
)
def test_declarations_are_immutable(promise: Any) -> None:
    """The document was generated from it."""
    for name in vars(promise):
        with pytest.raises(FrozenInstanceError):
            setattr(promise, name, None)


@pytest.mark.parametrize("kind", [Reply, Settings, type(USERNAME)])
def test_declarations_take_keyword_arguments_only(kind: Any) -> None:
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        kind("It is made.")


def test_a_minimal_reply_has_no_other_members() -> None:
    assert Reply(description="Done.") == Reply(
        description="Done.", content={}, headers={}, links={}
    )
    assert Header({}) == Header({}, "", required=True)
    assert Header.constant("a") == Header({"type": "string", "const": "a"}, "", required=True)
    assert Body({}) == Body({}, None, None)
    assert (USERNAME.refused, USERNAME.format) == ((), None)
    assert Credentials("key", {}, str) == Credentials("key", {}, str, optional=False)


def test_a_message_is_said_in_three_representations() -> None:
    said = message("1 < 2", "It is so.", links={"read": Link("read", {}, "")})
    schemas = {media_type: body.schema for media_type, body in said.content.items()}
    assert schemas == {
        "application/json": {"type": "object", "properties": {"message": {"const": "1 < 2"}}},
        "text/plain": {"type": "string", "const": "1 < 2"},
        "text/html": {"type": "string", "const": "<h1>1 &lt; 2</h1>"},
    }
    assert list(said.content) == list(schemas)  # The first one is the default.
    assert [body.example for body in said.content.values()] == [None, "1 < 2", "<h1>1 &lt; 2</h1>"]
    assert list(said.links) == ["read"]
    assert message("1 < 2", "It is so.", Schema).content["application/json"].schema is Schema


def test_further_headers_never_take_the_place_of_those_that_are_there() -> None:
    reply = MADE.with_headers({"X-Shape": "round"}).with_headers(
        {"X-Shape": "square", "X-Size": Header({})}
    )
    assert reply.headers == {"X-Shape": Header.constant("round"), "X-Size": Header({})}
    assert (reply.description, reply.content) == (MADE.description, MADE.content)


def violations(reply: Reply, response: Response, method: str = "GET") -> list[str]:
    with Flask("small").test_request_context(method=method):
        return list(reply.violations(response))


def plain(**headers: str) -> Response:
    return Response("Made", mimetype="text/plain", headers=headers)


def test_headers_of_http_framing_need_no_declaration() -> None:
    """Servers and Werkzeug set these headers, as HTTP requires."""
    framing = ["Content-Length", "Transfer-Encoding", "Connection", "Date", "Server"]
    assert violations(MADE, plain(**dict.fromkeys(framing, "x"))) == []
    assert violations(MADE, plain(Via="x")) == ["the header Via is not declared"]


def test_a_text_is_compared_where_there_is_one() -> None:
    empty = Response("", mimetype="text/plain")
    assert violations(MADE, empty) == ["the text is not 'Made'"]
    assert violations(MADE, empty, "HEAD") == []


@pytest.mark.parametrize("body", ['{"id": 1}', '{"message": "Mad"}', '["Made"]', '"Made"', "Made"])
def test_the_message_in_json_is_compared(body: str) -> None:
    """Other members may accompany the message."""
    whole = Response('{"message": "Made", "id": 1}', mimetype="application/json")
    assert violations(MADE, whole) == []
    wrong = Response(body, mimetype="application/json")
    assert violations(MADE, wrong) == ["the message is not 'Made'"]
    assert violations(MADE, wrong, "HEAD") == []


def test_each_breach_is_named() -> None:
    """All violations at once, with these messages."""
    reply = MADE.with_headers({"X-A": "a", "X-B": Header({"type": "integer"}), "X-C": "c"})
    response = Response("<p>", mimetype="text/css", headers={"X-B": "b", "X-C": "c", "X-D": "d"})
    response.headers.add("X-C", "c")
    assert violations(reply, response) == [
        "the media type text/css is not declared",
        "the header X-A is missing",
        "the header X-B is 'b', not 'as declared'",
        "the header X-C occurs 2 times",
        "the header X-D is not declared",
    ]
    bare = Response("Made", headers={"X-A": "b"})
    del bare.headers["Content-Type"]
    assert violations(MADE.with_headers({"X-A": "a"}), bare) == [
        "the media type (none) is not declared",
        "the header X-A is 'b', not 'a'",
    ]
    assert violations(MADE, Response("Mad", mimetype="text/plain")) == ["the text is not 'Made'"]
