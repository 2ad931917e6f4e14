"""Errors as problems, in an app that has nothing of the service."""

from typing import Any, NoReturn

import pytest
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.exceptions import HTTPException, ServiceUnavailable

from api.contract import Gate, Header, Reply, document, operation
from api.contract.problems import (
    ProblemType,
    Refused,
    problem_reply,
    problem_response,
    problem_schema,
    problem_types_page,
)

FULL = ProblemType(name="full", title="Full <now>", meaning="It is full.", advice="Delete a note.")
SENT = {"type": "about:blank", "title": "Not Found", "status": 404}


def refuse_twice(_: str) -> None:
    raise ValidationError(["Give a note.", "Give it now."])


class Note(Schema):
    text = fields.String(validate=refuse_twice, metadata={"examples": ["Buy milk"]})


@pytest.fixture
def app() -> Flask:
    app = Flask("notes", static_folder=None)
    Gate(app, unrouted_replies={404: problem_reply("There is nothing here.")})
    app.register_error_handler(HTTPException, problem_response)
    app.register_blueprint(problem_types_page("What may be <wrong>", [FULL]))
    app.testing = True
    replies = {
        201: Reply(description="The note is stored."),
        400: problem_reply("The note is invalid."),
        409: problem_reply("There are too many notes.", kinds=(FULL, None)),
        503: problem_reply("Come back.", {"Retry-After": Header.constant("5")}),
    }

    @app.post("/notes")
    @operation(replies, json=Note)
    def add_note(json: dict[str, Any]) -> tuple[str, int]:
        return "", 201

    @app.get("/full")
    @operation(replies)
    def fail() -> NoReturn:
        raise Refused(409, FULL)

    @app.get("/later")
    @operation(replies)
    def wait() -> NoReturn:
        raise ServiceUnavailable

    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_a_type_or_the_status_alone_tells_what_is_wrong(client: FlaskClient) -> None:
    assert client.post("/notes", json={}).status_code == 201
    full = client.get("/full")
    assert full.content_type == "application/problem+json" and full.text.endswith("}\n")
    told = {"type": "/problems#full", "title": "Full <now>", "status": 409}
    assert full.get_json() == told | {"detail": "It is full. Delete a note."}
    assert client.get("/lost").get_json() == SENT | {"detail": "There is nothing here."}
    later = client.get("/later")
    assert (later.get_json()["detail"], later.headers["Retry-After"]) == ("Come back.", "5")


def test_each_message_of_an_invalid_field_is_sent(client: FlaskClient) -> None:
    refused = client.post("/notes", json={"text": "x"})
    assert refused.status_code == 400
    assert refused.get_json()["errors"] == {"text": ["Give a note.", "Give it now."]}


def test_the_page_describes_the_types(client: FlaskClient) -> None:
    page = client.get("/problems").text
    assert "<title>What may be &lt;wrong&gt;</title>" in page
    assert '<h2 id="full">Full &lt;now&gt;</h2>\n<p><code>/problems#full</code></p>' in page
    assert "<p>It is full.</p>\n<p>Delete a note.</p>" in page


def test_the_document_has_one_schema_and_the_types_of_each_reply(app: Flask) -> None:
    printed = document(app)
    assert set(printed["components"]["schemas"]) == {"Note", "Problem"}
    reply = printed["paths"]["/full"]["get"]["responses"]["409"]["content"]
    narrowed = reply["application/problem+json"]["schema"]["allOf"]
    assert narrowed == [{"properties": {"type": {"enum": ["/problems#full", "about:blank"]}}}]
    assert reply["application/problem+json"]["example"]["detail"] == "It is full. Delete a note."


def test_the_schema_may_bound_the_statuses_and_the_messages() -> None:
    narrow = problem_schema(validate.Range(400, 409), validate.Length(equal=1))()
    good = {**SENT, "detail": "Gone.", "errors": {"a": ["b"]}}
    assert narrow.validate(good) == problem_schema()().validate(good) == {}
    wrong = good | {"status": 410, "errors": {"a": ["b", "c"]}}
    assert set(narrow.validate(wrong)) == {"status", "errors"}
    assert problem_schema()().validate(wrong) == {}


def test_a_reply_may_have_another_value_of_a_header_that_every_problem_has() -> None:
    """The reply's own header replaces the common one, in any letter case, and is sent once."""
    app = Flask("notes", static_folder=None)
    typed = "application/problem+json; charset=utf-8"
    headers = {"content-type": Header.constant(typed), "cache-control": Header.constant("private")}
    Gate(
        app,
        common_headers={"Cache-Control": Header.constant("private")},
        unrouted_replies={404: problem_reply("There is nothing here.", headers)},
    )
    app.register_error_handler(HTTPException, problem_response)
    app.testing = True
    answer = app.test_client().get("/nothing")
    assert answer.status_code == 404 and answer.headers.getlist("Content-Type") == [typed]
    assert answer.headers.getlist("Cache-Control") == ["private"]
