"""The Flask application: its parts, joined."""

import re
from typing import Any

from flask import Flask, Response, request
from flask.ctx import RequestContext
from flask.globals import request_ctx
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

from api import health, sign_up, user_details
from api.about import ABOUT
from api.commands import Commands
from api.config import Settings
from api.contract import Gate, refuse_transfer_coding
from api.contract.docs import docs_pages
from api.contract.problems import problem_types_page, sort_methods
from api.env_file import load_settings
from api.errors import UNROUTED_REPLIES, handle_errors
from api.observability.request_log import REQUEST_ID_HEADER, RequestLog
from api.problem_types import PROBLEM_TYPES
from api.schemas import LARGEST_FORM
from api.security.addresses import TrustedProxies
from api.security.browsers import COMMON_HEADERS, open_sign_up
from api.security.hosts import is_host, is_trusted, take_host_from_target
from api.security.limits import limit_requests
from api.security.passwords import Passwords
from api.storage.database import Database, open_engine
from api.storage.store import Store


class _Response(Response):
    def get_wsgi_headers(self, environ: Any) -> Headers:
        """Return the headers unchanged if Werkzeug has nothing to add to them.

        Werkzeug copies them and parses Location, which is 10.4 % of the bytecode that a new record
        takes (2026-11-27, counted as in tests/server/test_speed.py).
        """
        is_complete = "Content-Length" in self.headers and self.status_code not in (204, 304)
        return self.headers if is_complete else super().get_wsgi_headers(environ)


class _Service(Flask):
    response_class = _Response

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Serve one request. A target in absolute form determines its host."""
        take_host_from_target(environ)
        return super().__call__(environ, start_response)

    def ensure_sync(self, func: Any) -> Any:
        """Return the function, because no function of the service is a coroutine.

        Flask inspects each function before each call, which is 6 % of the bytecode that an invalid
        form takes (2026-11-28).
        """
        return func

    def log_exception(self, exc_info: Any) -> None:
        """Log the exception without the path that Flask would log, which may be a record's link."""
        self.logger.error("unexpected exception in %s", request.endpoint, exc_info=exc_info)

    def make_default_options_response(self) -> Response:
        """Return Flask's response to OPTIONS as a 204 without Content-Type."""
        response = super().make_default_options_response()
        response.status_code = 204
        response.headers.pop("Content-Type")
        response.headers["Allow"] = sort_methods(response.headers["Allow"])
        return response


def _refuse_unroutable() -> None:
    """Refuse requests that Werkzeug would route although they are invalid.

    The transfer coding is unknown (501), the host is missing, invalid or not trusted (400; RFC
    9112, section 3.2), or the path begins with two slashes (404).
    """
    context: RequestContext = request_ctx._get_current_object()  # type: ignore[attr-defined]
    environ, trusted = context.request.environ, context.app.extensions["trusted_hosts"]
    host = environ.get("HTTP_HOST", "")
    try:
        refuse_transfer_coding(environ)
        if not is_host(host):
            raise BadRequest
        if trusted and not is_trusted(host, trusted):
            raise BadRequest("Send the request to this service's own host: this one isn't.")
        if not re.match("/(?!/)", environ["PATH_INFO"]):
            raise NotFound
    except HTTPException:
        context.request.url_rule = None
        raise


def create_app(settings: Settings | None = None) -> Flask:
    """Return the service, configured by `settings`, or by the environment and `.env`.

    Raises `SettingsError` for invalid settings.
    """
    settings = settings or load_settings()
    app = _Service("api", static_folder=None)
    app.url_map.merge_slashes = False
    # The members of a response have the order of the document.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.extensions["trusted_hosts"] = settings.trusted_host_names
    app.before_request(_refuse_unroutable)
    Gate(
        app,
        about=ABOUT,
        common_headers=COMMON_HEADERS | REQUEST_ID_HEADER,
        unrouted_replies=UNROUTED_REPLIES,
    )
    RequestLog(app)
    handle_errors(app)
    open_sign_up(app)
    limit_requests(app, settings)
    app.extensions["store"] = Store(Database(open_engine(settings)))
    app.extensions["passwords"] = Passwords(
        settings.hashing_slots, timeout=settings.hashing_timeout
    )
    # The document has this order.
    app.register_blueprint(sign_up.blueprint)
    app.register_blueprint(user_details.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(problem_types_page("Problems of the sign-up API", PROBLEM_TYPES))
    app.cli = Commands()  # Imports no command before its use.
    if settings.docs_enabled:
        app.register_blueprint(docs_pages(home=True))
    app.wsgi_app = TrustedProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    return app
