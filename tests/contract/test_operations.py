"""An operation's declaration in special cases: representations, redirects, and empty bodies."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException, NotAcceptable, NotFound, Unauthorized
from werkzeug.test import TestResponse

from api.contract import (
    Body,
    Credentials,
    Gate,
    Operation,
    Reply,
    UndeclaredResponse,
    message,
    operation,
)
from api.contract.operations import STEPS

DONE = message("Done", "It is done.")


def done() -> ResponseReturnValue:
    return "Done"


def response_of(reply: Reply, status: int, text: str = "See there.") -> TestResponse:
    """Return the response if a view returns this status and a page."""
    app = Flask("small")
    app.testing = True
    Gate(app)
    app.get("/it")(operation({status: reply})(lambda: Response(text, status)))
    return app.test_client().get("/it")


def test_a_success_has_only_its_declared_representations() -> None:
    other = Reply(description="Otherwise.", content={"text/csv": Body({})})
    replies = {199: other, 200: DONE, 299: other, 300: other, 400: other}
    offers = (*DONE.content, "text/csv")
    assert Operation(done, replies).produces == offers


@pytest.mark.parametrize("status", [300, 302, 399])
def test_a_redirect_without_content_leaves_without_its_page(status: int) -> None:
    led = response_of(Reply(description="Elsewhere."), status)
    assert (led.status_code, led.text) == (status, "") and "Content-Type" not in led.headers


@pytest.mark.parametrize("status", [299, 400])
def test_no_other_answer_is_emptied(status: int) -> None:
    """It has an undeclared media type, and the gate reports that."""
    with pytest.raises(UndeclaredResponse, match="media type text/html"):
        response_of(Reply(description="Done."), status)


def test_an_answer_without_content_leaves_without_a_media_type() -> None:
    assert response_of(Reply(description="Done."), 200, "").content_type is None


def test_a_406_lists_the_representations() -> None:
    app = Flask("small")
    refused = Reply(description="No.", content={"text/plain": Body({})})
    Gate(app)
    app.get("/it")(operation({200: DONE, 406: refused})(done))
    app.register_error_handler(
        NotAcceptable,
        lambda error: Response(str(error.description), 406, mimetype="text/plain"),
    )
    assert app.test_client().get("/it", headers={"Accept": "image/png"}).text == (
        "Accept application/json or text/plain or text/html: there is no other representation."
    )


class Order(Schema):
    """A form with one field."""

    size = fields.Integer(required=True)


def check_key() -> str:
    if request.headers.get("X-Key") != "open":
        raise Unauthorized
    return "the owner"


KEY = Credentials("key", {"type": "apiKey", "in": "header", "name": "X-Key"}, check_key)


def find_by_id(id: int) -> str:
    if id != 1:
        raise NotFound
    return "order 1"


def find_by_account(account: str) -> str:
    assert account == "the owner"
    return find_by_id(int((request.view_args or {})["id"]))


def put(client: FlaskClient, *wrong: int) -> int:
    """Change an order by a request to which each of these statuses could apply."""
    form = {"size": "9" if 409 in wrong else "1"}
    form |= {"pad": "x" * 1000} if 413 in wrong else {}
    form |= {"colour": "red"} if 400 in wrong else {}
    return client.put(
        f"/orders/{2 if 404 in wrong else 1}",
        data=urlencode(form),
        content_type="text/plain" if 415 in wrong else "application/x-www-form-urlencoded",
        headers={
            "Accept": "image/png" if 406 in wrong else "text/plain",
            "X-Key": "wrong" if 401 in wrong else "open",
        },
    ).status_code


@pytest.mark.parametrize("find", [find_by_id, find_by_account])
def test_a_path_with_a_form_is_refused_in_the_order_of_the_steps(find: Callable[..., str]) -> None:
    wrong = [*(status for step in STEPS for status in step.statuses), 409]
    no = message("No", "No.")
    app = Flask("small")
    app.testing = True
    app.config["MAX_CONTENT_LENGTH"] = 100
    Gate(app)
    app.register_error_handler(
        HTTPException, lambda error: Response("No", error.code, mimetype="text/plain")
    )

    @app.put("/orders/<int:id>")
    @operation({200: DONE, **dict.fromkeys(wrong, no)}, form=Order, credentials=KEY, find=find)
    def change(found: str, form: dict[str, int], **others: Any) -> ResponseReturnValue:
        # The inputs of `find` aren't passed on.
        assert others == ({"account": "the owner"} if find is find_by_id else {"id": 1})
        assert found == "order 1"
        return ("No", 409) if form["size"] == 9 else "Done"

    client = app.test_client()
    for first, second in combinations(wrong, 2):
        assert put(client, first) == first
        # The account that is needed to find the order is unknown.
        by_account = find is find_by_account and (first, second) == (404, 401)
        assert put(client, first, second) == (401 if by_account else first)
    assert put(client) == 200


@pytest.mark.parametrize("key", ["open", "wrong"])
def test_credentials_are_checked_once_however_often_they_are_asked_for(key: str) -> None:
    checks = []

    def check() -> str:
        checks.append(request.headers["X-Key"])
        return check_key()

    app = Flask("small")
    Gate(app)
    app.register_error_handler(Unauthorized, lambda _: Response("No", 401, mimetype="text/plain"))

    @app.get("/it")
    @operation(
        {200: DONE, 401: message("No", "No.")},
        credentials=replace(KEY, check=check),
        find=lambda account: account,
    )
    def read(found: str) -> ResponseReturnValue:
        return {"message": "Done"} if found == "the owner" else "No"

    answered = app.test_client().get("/it", headers={"X-Key": key})
    assert (answered.status_code, checks) == (200 if key == "open" else 401, [key])


def test_a_body_is_of_one_kind() -> None:
    said = re.escape("A body is a form, JSON or data, not several of them.")
    with pytest.raises(ValueError, match=f"^{said}$"):
        Operation(done, {}, form=Schema, json=Schema)


def test_an_operation_has_the_name_and_docstring_of_its_view() -> None:
    def paint() -> ResponseReturnValue:
        """Paint it."""
        return "Done"

    view = Operation(paint, {200: DONE})
    assert (view.__name__, view.__doc__, view.__module__) == ("paint", "Paint it.", __name__)
    assert view.documented and view.credentials is None and view.path is None
