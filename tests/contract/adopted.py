"""A small app and small declarations, for the tests of apps that declare one view after another."""

from typing import Any

from flask import Flask
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException

from api.contract import JSON, Body, Gate, Reply


class Note(Schema):
    """A note, with fields that only requests and only responses have."""

    id = fields.Integer(dump_only=True, required=True, metadata={"examples": [1]})
    text = fields.String(required=True, metadata={"examples": ["Buy milk"]})
    secret = fields.String(load_only=True, required=True, metadata={"examples": ["sesame"]})


class Key(Schema):
    """The path parameter of a note."""

    id = fields.Integer(required=True, metadata={"examples": [1]})


class Error(Schema):
    """An error of the app's own format."""

    error = fields.String(required=True, metadata={"examples": ["no"]})


DONE = {200: Reply(description="Done.", content={JSON: Body({})})}
REFUSAL = Reply(description="No.", content={JSON: Body(Error)})


def small(**options: Any) -> Flask:
    """Return an app with a gate and errors of its own format, in tests."""
    app = Flask("small", static_folder=None)
    app.testing = True
    Gate(app, **options)
    app.register_error_handler(HTTPException, show_error)
    return app


def show_error(error: HTTPException) -> Any:
    return {"error": str(error.description)}, error.code or 500
