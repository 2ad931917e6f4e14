"""Statuses and details for malformed requests. No detail repeats data of the client."""

from typing import Any

from gunicorn.http import errors

_errors: Any = errors  # The stubs of gunicorn lack some exceptions.
_FIELDS = (
    "Send each header field as Name: value, without control characters; Host and Content-Type at "
    "most once; and one Content-Length in digits or one Transfer-Encoding: chunked, not both."
)
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    _errors.LimitRequestLine: (414, ""),
    _errors.ExpectationFailed: (417, ""),
    _errors.LimitRequestHeaders: (431, ""),
    _errors.UnsupportedTransferCoding: (501, ""),
    # The app's response is at fault.
    _errors.InvalidResponseHeader: (500, ""),
    _errors.InvalidResponseHeaderName: (500, ""),
    _errors.InvalidRequestLine: (
        400,
        "Begin the request with METHOD /path HTTP/1.1, and send all.",
    ),
    _errors.InvalidRequestMethod: (400, "Use a method of capital letters."),
    _errors.InvalidHTTPVersion: (400, "Use HTTP/1.1."),
    _errors.InvalidHeader: (400, _FIELDS),
    _errors.InvalidHeaderName: (400, "Name header fields by letters, digits and hyphens alone."),
    _errors.ObsoleteFolding: (400, "Send each header field on one line."),
    _errors.ParseException: (400, ""),
    Exception: (500, ""),
}
"""The status and detail by exception; the first match counts. "" means the default detail."""


def refusal(error: Exception) -> tuple[int, str]:
    """Return the status and the detail for the exception."""
    if isinstance(error, _errors.UnsupportedTransferCoding):
        *_, last = str(error.hdr).lower().split(",")
        if last.strip() != "chunked":  # The body has no known end (RFC 9112, section 6.3).
            return 400, _FIELDS
    return next(found for kind, found in REFUSALS.items() if isinstance(error, kind))
