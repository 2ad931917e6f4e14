"""The OpenAPI document, and Swagger UI without files from another host."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import cast
from urllib.parse import quote
from wsgiref.util import application_uri

from flask import Blueprint, Response, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from jinja2 import Template

from .headers import Header
from .openapi import document, to_yaml
from .operations import operation
from .replies import HTML, JSON, Body, Reply

YAML = "application/yaml"  # RFC 9512

_PAGES = Path(__file__).with_name("pages")
try:
    _SWAGGER_UI = files("flask_swagger_ui") / "dist"
except ImportError:
    raise ImportError("The docs page needs another package: flask-swagger-ui.") from None
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
_IN_URL = "/:[]%~!$&'()*+,;=@"
"""Characters that need no escape in a URL, nor in JSON and YAML."""
_CACHED = {"Cache-Control": "public, max-age=3600"}
_MEDIA_TYPES = {media_type for _, media_type in _ASSETS.values()}
_TO_DOCS = Reply(description="A redirect to the docs.", headers={"Location": Header({})})


@cache
def _asset(name: str) -> bytes:
    """Return the file from memory, so that all responses share one copy."""
    return (_ASSETS[name][0] / name).read_bytes()


def _encoded(media_type: str) -> str:
    """Return the document or its page, encoded once, because that takes 60 ms.

    The server is the URL that the client sent the request to.
    """
    if "contract.docs" not in current_app.extensions:
        whole = document(current_app)
        first, *others = whole.get("servers") or [{}]
        whole["servers"] = [{**first, "url": _ANY_URL}, *others]
        page = Template((_PAGES / "docs.html").read_text("utf-8"), autoescape=True)
        current_app.extensions["contract.docs"] = {
            HTML: page.render(title=whole["info"]["title"]),
            JSON: json.dumps(whole),
            YAML: to_yaml(whole),
        }
    encoded = cast("Mapping[str, str]", current_app.extensions["contract.docs"])
    # `request.host` is empty for hosts that Werkzeug calls invalid, such as one with a tilde.
    url = quote(application_uri(request.environ).rstrip("/:"), safe=_IN_URL)
    return encoded[media_type].replace(_ANY_URL, url)


def _page(*media_types: str) -> Reply:
    return Reply(description="The file.", content={m: Body({}) for m in media_types})


def docs_pages(*, home: bool = False) -> Blueprint:
    """Return a blueprint with the docs and the document. Register it without a prefix.

    `home` lets `/` lead to the docs.
    """
    blueprint = Blueprint("docs", __name__)

    @operation(replies={302: _TO_DOCS}, documented=False)
    def redirect_to_docs() -> ResponseReturnValue:
        return redirect(url_for("docs.show_docs"))

    @blueprint.get("/docs")
    @operation(replies={200: _page(HTML).with_headers(_POLICY)}, documented=False)
    def show_docs() -> ResponseReturnValue:
        return _encoded(HTML), 200, _POLICY

    @blueprint.get(f"/docs/<any({', '.join(map(repr, _ASSETS))}):name>")
    @operation(replies={200: _page(*_MEDIA_TYPES).with_headers(_CACHED)}, documented=False)
    def send_asset(name: str) -> ResponseReturnValue:
        return Response(_asset(name), mimetype=_ASSETS[name][1], headers=_CACHED)

    @blueprint.get("/openapi.json")
    @operation(replies={200: _page(JSON)}, documented=False)
    def show_json() -> ResponseReturnValue:
        return Response(_encoded(JSON), content_type=JSON)

    @blueprint.get("/openapi.yaml")
    @operation(replies={200: _page(YAML)}, documented=False)
    def show_yaml() -> ResponseReturnValue:
        return Response(_encoded(YAML), content_type=YAML)

    if home:
        blueprint.get("/")(redirect_to_docs)
    return blueprint
