"""An operation keeps to its promise at the bounds: what it offers, what a redirect leaves."""

import re

import pytest
from flask import Flask, Response
from flask.typing import ResponseReturnValue
from marshmallow import Schema
from werkzeug.exceptions import NotAcceptable
from werkzeug.test import TestResponse

from api.contract import Body, Gate, Operation, Reply, UndeclaredAnswer, message, operation

DONE = message("Done", "It is done.")


def done() -> ResponseReturnValue:
    return "Done"


def asked(reply: Reply, status: int, text: str = "See there.") -> TestResponse:
    """What leaves where a view answers with this status and a page."""
    app = Flask("small")
    app.testing = True
    Gate(app)
    app.get("/it")(operation({status: reply})(lambda: Response(text, status)))
    return app.test_client().get("/it")


def test_what_a_success_offers_is_offered_and_nothing_else() -> None:
    other = Reply(description="Otherwise.", content={"text/csv": Body({})})
    replies = {199: other, 200: DONE, 299: other, 300: other, 400: other}
    offers = (*DONE.content, "text/csv")
    assert Operation(done, replies).offers == offers


@pytest.mark.parametrize("status", [300, 302, 399])
def test_a_redirect_without_content_leaves_without_its_page(status: int) -> None:
    led = asked(Reply(description="Elsewhere."), status)
    assert (led.status_code, led.text) == (status, "") and "Content-Type" not in led.headers


@pytest.mark.parametrize("status", [299, 400])
def test_no_other_answer_is_emptied(status: int) -> None:
    """It says what isn't declared, and that is told."""
    with pytest.raises(UndeclaredAnswer, match="media type text/html"):
        asked(Reply(description="Done."), status)


def test_an_answer_without_content_leaves_without_a_media_type() -> None:
    assert asked(Reply(description="Done."), 200, "").content_type is None


def test_what_is_accepted_nowhere_is_told_what_there_is() -> None:
    app = Flask("small")
    refused = Reply(description="No.", content={"text/plain": Body({})})
    Gate(app)
    app.get("/it")(operation({200: DONE, 406: refused})(done))
    app.register_error_handler(
        NotAcceptable,
        lambda error: Response(str(error.description), 406, mimetype="text/plain"),
    )
    assert app.test_client().get("/it", headers={"Accept": "image/png"}).text == (
        "Accept text/plain or text/html or application/json: there is nothing else here."
    )


def test_a_body_is_of_one_kind() -> None:
    said = re.escape("A body is a form or JSON, not both.")
    with pytest.raises(ValueError, match=f"^{said}$"):
        Operation(done, {}, form=Schema, json=Schema)


def test_an_operation_goes_by_the_name_and_the_words_of_its_view() -> None:
    def paint() -> ResponseReturnValue:
        """Paint it."""
        return "Done"

    view = Operation(paint, {200: DONE})
    assert (view.__name__, view.__doc__, view.__module__) == ("paint", "Paint it.", __name__)
    assert view.documented and view.credentials is None and view.path is None
