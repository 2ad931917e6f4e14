"""The gate refuses every response that the view didn't declare, however it was made."""

import logging
from contextlib import AbstractContextManager, nullcontext

import pytest
from flask import Flask, Response, abort, make_response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ImATeapot

from api.contract import Operation, UndeclaredResponse
from tests.contract.test_contract import ROUND, Answer, body_and_status, make_small

REFUSED = pytest.raises(UndeclaredResponse, match="400")


def status_undeclared() -> ResponseReturnValue:
    return "Made", 202


def status_set_undeclared() -> ResponseReturnValue:
    response = make_response("Made", 201)
    response.status_code = 202
    return response


def media_type_undeclared() -> ResponseReturnValue:
    # A response that is raised, so that no representation is chosen.
    abort(Response("%PDF", 201, content_type="application/pdf"))


def header_undeclared() -> ResponseReturnValue:
    return "Made", 201, ROUND | {"X-Colour": "red"}


def header_different() -> ResponseReturnValue:
    return "Made", 201, {"X-Shape": "square"}


def header_twice() -> ResponseReturnValue:
    return "Made", 201, [("X-Shape", "round"), ("X-Shape", "square")]


def aborted() -> ResponseReturnValue:
    abort(409)


def raised() -> ResponseReturnValue:
    raise ImATeapot


def text_different() -> ResponseReturnValue:
    return "Mad", 201, ROUND


VIOLATIONS = [
    (text_different, "201.*the message is not 'Made'"),
    (status_undeclared, "202.*the status is not declared"),
    (status_set_undeclared, "202.*the status is not declared"),
    (media_type_undeclared, "201.*the media type application/pdf is not declared"),
    (header_undeclared, "201.*the header X-Colour is not declared"),
    (body_and_status, "201.*the header X-Shape is missing"),
    (header_different, "201.*the header X-Shape is 'square', not 'round'"),
    (header_twice, "201.*the header X-Shape"),
    (aborted, "409.*the status is not declared"),
    (raised, "418.*the status is not declared"),
]


@pytest.mark.parametrize(("view", "said"), VIOLATIONS)
def test_an_undeclared_response_raises_in_tests(view: Answer, said: str) -> None:
    """Checklist 1."""
    app = make_small(view, ROUND)
    with pytest.raises(UndeclaredResponse, match=f"POST {view.__name__}, {said}"):
        app.test_client().post("/things")


@pytest.mark.parametrize(("view", "said"), VIOLATIONS)
def test_an_undeclared_response_is_logged_as_an_error_in_production(
    view: Answer, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_small(view, ROUND)
    app.testing = False
    answered = app.test_client().post("/things")
    assert answered.status_code == int(said[:3])
    (record,) = caplog.records
    assert record.levelno == logging.ERROR and record.name == "small"
    assert record.getMessage().startswith("undeclared response: POST")


def test_a_member_that_is_not_declared_raises_in_tests() -> None:
    app = make_small(lambda: ({"message": "Made", "id": 7}, 201))
    with pytest.raises(UndeclaredResponse, match=r"201 CREATED: the member id is not declared$"):
        app.test_client().post("/things")
    app.testing = False
    assert app.test_client().post("/things").get_json()["id"] == 7


def test_a_declared_abort_passes_the_gate() -> None:
    def gone() -> ResponseReturnValue:
        abort(Response("Gone", 404, mimetype="text/plain"))

    app = make_small(gone)
    assert app.test_client().post("/things").status_code == 404


@pytest.mark.parametrize(("status", "passes"), [(404, nullcontext()), (400, REFUSED)])
def test_the_response_of_an_error_handler_is_checked_too(
    status: int, passes: AbstractContextManager[object]
) -> None:
    def lost() -> ResponseReturnValue:
        raise LookupError

    app = make_small(lost)
    answer = Response("Gone", status, mimetype="text/plain")
    app.register_error_handler(LookupError, lambda _: answer)
    with passes:
        assert app.test_client().post("/things").status_code == status


def test_the_response_to_an_unknown_exception_is_checked_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> ResponseReturnValue:
        raise RuntimeError("inside")

    app = make_small(broken)
    app.testing = False
    assert app.test_client().post("/things").status_code == 500
    assert [r.getMessage() for r in caplog.records if "undeclared" in r.getMessage()] == [
        "undeclared response: POST broken, 500 INTERNAL SERVER ERROR: the status is not declared"
    ]
    app.testing = True
    with pytest.raises(RuntimeError, match="inside"):
        app.test_client().post("/things")


@pytest.mark.parametrize(("method", "path"), [("POST", "/nothing"), ("GET", "/things")])
def test_a_response_without_a_view_is_checked_too(method: str, path: str) -> None:
    app = make_small(body_and_status)
    with pytest.raises(UndeclaredResponse):
        app.test_client().open(path, method=method)


def test_changes_of_a_response_after_its_view_are_checked_too() -> None:
    app = make_small(body_and_status)

    @app.after_request
    def paint(response: Response) -> Response:
        response.headers["X-Colour"] = "red"
        return response

    with pytest.raises(UndeclaredResponse, match="X-Colour"):
        app.test_client().post("/things")


def test_all_violations_are_reported_at_once() -> None:
    app = make_small(header_undeclared)
    with pytest.raises(UndeclaredResponse) as raised:
        app.test_client().post("/things")
    assert str(raised.value) == (
        "POST header_undeclared, 201 CREATED: the header X-Shape is not declared, "
        "the header X-Colour is not declared"
    )


def test_every_view_of_the_service_declares_its_replies(app: Flask) -> None:
    """Checklist 1."""
    views = app.view_functions.items()
    assert [name for name, v in views if not (isinstance(v, Operation) and v.replies)] == []
