"""Rules for browsers: security headers, cross-origin access (CORS), cross-site requests."""

from flask import Flask, Response, request
from flask.globals import request_ctx

from api.contract import Header
from api.contract.problems import Refused
from api.problem_types import CROSS_SITE

SIGN_UP_PATH = "/userSignUp"

COMMON_HEADERS = {
    "Cache-Control": Header.constant("no-store", "Caches must not store the response."),
    "Content-Security-Policy": Header.constant(
        "default-src 'none'; frame-ancestors 'none'", "Browsers must load nothing for the response."
    ),
    "Referrer-Policy": Header.constant(
        "no-referrer", "Browsers must not pass on the path, which may be the link of a record."
    ),
    "X-Content-Type-Options": Header.constant(
        "nosniff", "Browsers must not guess another media type."
    ),
}
"""Headers of every response (OWASP ASVS 5, V3.4)."""

ANY_ORIGIN = {"Access-Control-Allow-Origin": "*"}
OPEN = {
    k: Header.constant(v, "Pages of any origin may read the response.")
    for k, v in ANY_ORIGIN.items()
}
"""`ANY_ORIGIN` as a declaration. `Access-Control-Allow-Credentials` is never sent."""

EXPOSED = {
    "Access-Control-Expose-Headers": Header.constant(
        "Retry-After", "Pages of any origin may read `Retry-After`."
    )
}
"""For responses with `Retry-After` that pages of any origin may read."""

PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
}
"""The method and the headers that pages of any origin may send to the sign-up."""

OPEN_AT_SIGN_UP = {n: Header.constant(v, required=False) for n, v in ANY_ORIGIN.items()}
"""`ANY_ORIGIN` as a declaration for replies that have it only at the address `/userSignUp`."""

PREFLIGHT_AT_SIGN_UP = {
    name: Header.constant(value, required=False) for name, value in (ANY_ORIGIN | PREFLIGHT).items()
}
"""The same for the reply to OPTIONS, which is also the preflight request of a browser."""


def open_sign_up(app: Flask) -> None:
    """Let pages of any origin read every response at the sign-up's path, errors included."""

    @app.after_request
    def allow(response: Response) -> Response:
        environ = request_ctx.request.environ
        if environ["PATH_INFO"] == SIGN_UP_PATH:
            response.headers.update(ANY_ORIGIN)
            if environ["REQUEST_METHOD"] == "OPTIONS":
                response.headers.update(PREFLIGHT)
        return response


def refuse_cross_site() -> None:
    """Raise `Refused` if a page of another site made the browser send stored credentials.

    A browser sends a form without a preflight request (Fetch, section 3.3.5), so only
    the headers of the request itself show its origin.
    """
    if "HTTP_AUTHORIZATION" not in request_ctx.request.environ:
        return
    origin, own = request.headers.get("Origin"), f"{request.scheme}://{request.host}".lower()
    site = request.headers.get("Sec-Fetch-Site", "").lower()
    if site in ("cross-site", "same-site") or origin not in (None, own):
        raise Refused(403, CROSS_SITE)
