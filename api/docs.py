"""The OpenAPI document, and Swagger UI without files from another host."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import cast

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from api.contract import HTML, JSON, Body, Header, Reply, document, operation, to_yaml
from api.errors import UNKNOWN_PATH

YAML = "application/yaml"  # RFC 9512

blueprint = Blueprint("docs", __name__)

_PAGES, _SWAGGER_UI = files("api") / "pages", files("flask_swagger_ui") / "dist"
_ASSETS = {
    "docs.css": (_PAGES, "text/css"),
    "start.js": (_PAGES, "text/javascript"),
    "swagger-ui.css": (_SWAGGER_UI, "text/css"),
    "swagger-ui-bundle.js": (_SWAGGER_UI, "text/javascript"),
    "favicon-32x32.png": (_SWAGGER_UI, "image/png"),
}

# Swagger UI uses data: URLs for its icons.
_POLICY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
}
_ANY_URL = "https://replaced.invalid"
"""Stands for the URL of the service in the encoded document."""
_CACHED = {"Cache-Control": "public, max-age=3600"}
_MEDIA_TYPES = {media_type for _, media_type in _ASSETS.values()}
_TO_DOCS = Reply(description="A redirect to the docs.", headers={"Location": Header({})})


@cache
def _asset(name: str) -> bytes:
    """Return the file from memory, so that all responses share one copy."""
    return (_ASSETS[name][0] / name).read_bytes()


def _encoded_document(media_type: str) -> str:
    """Return the document, whose server is the URL that the client sent the request to.

    It is encoded once, which takes 60 ms. JSON and YAML need no escapes for a URL, because hosts
    and prefixes are validated.
    """
    if "document" not in current_app.extensions:
        whole = document(current_app)
        whole["servers"][0]["url"] = _ANY_URL
        current_app.extensions["document"] = {
            JSON: current_app.json.dumps(whole),
            YAML: to_yaml(whole),
        }
    encoded = cast("Mapping[str, str]", current_app.extensions["document"])
    # `request.host` is empty for hosts that Werkzeug calls invalid, such as one with a tilde.
    url = f"{request.scheme}://{request.environ['HTTP_HOST']}{request.script_root}"
    return encoded[media_type].replace(_ANY_URL, url)


def _page(*media_types: str) -> Reply:
    return Reply(description="The file.", content={m: Body({}) for m in media_types})


@blueprint.get("/")
@operation(replies={302: _TO_DOCS}, documented=False)
def redirect_to_docs() -> ResponseReturnValue:
    """Redirect to the docs."""
    return redirect(url_for("docs.show_docs"))


@blueprint.get("/docs")
@operation(replies={200: _page(HTML).with_headers(_POLICY)}, documented=False)
def show_docs() -> ResponseReturnValue:
    """Show the document in Swagger UI."""
    return (_PAGES / "docs.html").read_text(), 200, _POLICY


@blueprint.get("/docs/<name>")
@operation(
    replies={200: _page(*_MEDIA_TYPES).with_headers(_CACHED), 404: UNKNOWN_PATH}, documented=False
)
def send_asset(name: str) -> ResponseReturnValue:
    """Send a file of the docs page."""
    if name not in _ASSETS:
        raise NotFound
    return Response(_asset(name), mimetype=_ASSETS[name][1], headers=_CACHED)


@blueprint.get("/openapi.json")
@operation(replies={200: _page(JSON)}, documented=False)
def show_json() -> ResponseReturnValue:
    """Show the document as JSON."""
    return Response(_encoded_document(JSON), content_type=JSON)


@blueprint.get("/openapi.yaml")
@operation(replies={200: _page(YAML)}, documented=False)
def show_yaml() -> ResponseReturnValue:
    """Show the document as YAML."""
    return Response(_encoded_document(YAML), content_type=YAML)
