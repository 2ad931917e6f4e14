"""Headers of every response: the gate sets one with a fixed value, and requires the others."""

import pytest
from flask import Flask, Response
from flask.typing import ResponseReturnValue

from api.contract import Gate, Header, UndeclaredResponse, message, operation

DONE = {200: message("Done", "It is done.")}


def make_small(always: dict[str, Header], **headers: str) -> Flask:
    app = Flask("small")
    app.testing = True
    Gate(app, common_headers=always)

    def done() -> ResponseReturnValue:
        return Response("Done", 200, headers)

    app.get("/it")(operation(DONE)(done))
    return app


@pytest.mark.parametrize("value", ["round", ""])
def test_a_header_of_one_value_is_set_wherever_it_is_absent(value: str) -> None:
    answered = make_small({"X-Shape": Header.constant(value)}).test_client().get("/it")
    assert answered.headers.getlist("X-Shape") == [value]


def test_a_header_that_is_set_is_kept_and_checked() -> None:
    app = make_small({"X-Shape": Header.constant("round")}, **{"X-Shape": "square"})
    with pytest.raises(UndeclaredResponse, match="X-Shape is 'square', not 'round'"):
        app.test_client().get("/it")


def test_a_header_of_many_values_is_for_the_app_to_set() -> None:
    """The gate can't know which value applies."""
    size = Header({"type": "integer"})
    answered = make_small({"X-Size": size}, **{"X-Size": "3"}).test_client().get("/it")
    assert answered.headers["X-Size"] == "3"
    with pytest.raises(UndeclaredResponse, match="X-Size is missing"):
        make_small({"X-Size": size}).test_client().get("/it")
