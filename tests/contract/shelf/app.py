"""The shelf's application factory."""

from flask import Blueprint, Flask, current_app
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from api.contract import JSON, Body, Gate, Reply, document, operation
from tests.contract.shelf import errors, lists, views
from tests.contract.shelf.books import Books

ABOUT = {
    "info": {
        "title": "A shelf of books",
        "version": "1",
        "description": "A shelf, to show that the machine serves any app.",
        "contact": {"name": "The maintainers of the shelf"},
        "license": {"name": "MIT", "identifier": "MIT"},
    },
    "servers": [{"url": "/"}],
}

blueprint = Blueprint("document", __name__)


@blueprint.get("/openapi.json")
@operation({200: Reply(description="The document.", content={JSON: Body({})})}, documented=False)
def show_document() -> ResponseReturnValue:
    """Show the document."""
    return document(current_app)


def make_shelf() -> Flask:
    """Return the app with an empty shelf."""
    app = Flask("shelf", static_folder=None)
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = 4096
    Gate(app, about=ABOUT, unrouted_replies=errors.UNROUTED_REPLIES)
    app.register_error_handler(HTTPException, errors.answer)
    app.extensions["books"] = Books()
    for part in blueprint, views.blueprint, lists.blueprint:
        app.register_blueprint(part)
    return app
