"""What browsers are told and asked: security headers, other origins, cross-site requests."""

from flask import Flask, Response, request
from flask.globals import request_ctx
from werkzeug.exceptions import Forbidden

from api.contract import Header

SIGN_UP_PATH = "/userSignUp"

ALWAYS = {
    "Cache-Control": Header.always("no-store", "Answers are about a person: nobody keeps them."),
    "Content-Security-Policy": Header.always(
        "default-src 'none'; frame-ancestors 'none'", "A browser loads nothing for this answer."
    ),
    "Referrer-Policy": Header.always(
        "no-referrer", "A record's link is its key: it isn't told on."
    ),
    "X-Content-Type-Options": Header.always("nosniff", "The media type is as stated."),
}
"""Headers of every answer (OWASP ASVS 5, V3.4)."""

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
OPEN = {k: Header.always(v, "Pages of any origin may read this.") for k, v in ANY_ORIGIN.items()}
"""The same as a promise. It never stands together with Allow-Credentials."""

EXPOSED = {
    "Access-Control-Expose-Headers": Header.always(
        "Retry-After", "Pages of any origin may read how long to wait."
    )
}
"""Where pages of any origin are told to wait, they may read for how long."""

PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
}
"""What a page of another origin may send: what exists, and no more."""

OPEN_AT_SIGN_UP = {n: Header.always(v, required=False) for n, v in ANY_ORIGIN.items()}
"""`ANY_ORIGIN` as a declaration for replies that have it only at the address `/userSignUp`."""

PREFLIGHT_AT_SIGN_UP = {
    name: Header.always(value, required=False) for name, value in (ANY_ORIGIN | PREFLIGHT).items()
}
"""The same for the reply to OPTIONS, which is also the preflight request of a browser."""


def open_sign_up(app: Flask) -> None:
    """Let pages of any origin read every answer to a sign-up, whichever part of us refuses it."""

    @app.after_request
    def allow(response: Response) -> Response:
        environ = request_ctx.request.environ
        if environ["PATH_INFO"] == SIGN_UP_PATH:
            response.headers.update(ANY_ORIGIN)
            if environ["REQUEST_METHOD"] == "OPTIONS":
                response.headers.update(PREFLIGHT)
        return response


def refuse_cross_site() -> None:
    """Raise `Forbidden` when a browser sends stored credentials along from another site's page.

    Such a form needs no preflight (Fetch, 3.3.5), so the request itself must tell.
    """
    if "HTTP_AUTHORIZATION" not in request_ctx.request.environ:
        return
    origin, own = request.headers.get("Origin"), f"{request.scheme}://{request.host}".lower()
    site = request.headers.get("Sec-Fetch-Site", "").lower()
    if site in ("cross-site", "same-site") or origin not in (None, own):
        raise Forbidden("Send credentials from this service's own pages, or from a program.")
