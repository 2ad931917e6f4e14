from flask import Flask, jsonify
from marshmallow import Schema, fields, validate
from openapi_proof import JSON, Body, Gate, Header, Reply, operation
from openapi_proof.commands import openapi
from werkzeug.exceptions import HTTPException


class NewNote(Schema):
    text = fields.String(
        required=True,
        validate=validate.Length(1, 80),
        metadata={"examples": ["Buy milk"]},
    )


class Note(NewNote):
    id = fields.Integer(required=True, strict=True, metadata={"examples": [1]})


class Error(Schema):
    error = fields.String(required=True, metadata={"examples": ["Send JSON."]})


def refusal(description):
    return Reply(description=description, content={JSON: Body(Error)})


ALLOW = {"Allow": Header({"type": "string"}, "The methods of this path.")}
app = Flask(__name__)
Gate(
    app,
    about={"info": {"title": "Notes", "version": "1.0.0"}},
    unrouted_replies={405: refusal("Use another method.").with_headers(ALLOW)},
)
app.cli.add_command(openapi)


@app.errorhandler(HTTPException)
def show_error(error):
    headers = {k: v for k, v in error.get_headers() if k == "Allow"}
    return jsonify(error=error.description), error.code, headers


@app.post("/notes")
@operation(
    json=NewNote,
    replies={
        201: Reply(description="The note is stored.", content={JSON: Body(Note)}),
        400: refusal("The note is invalid."),
        415: refusal("The body isn't JSON."),
    },
)
def create_note(json):
    """Store a note."""
    return {"id": 1, **json}, 201
