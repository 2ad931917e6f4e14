"""Responses to bytes that gunicorn can't read as a request. None repeats the client's words."""

from typing import Any

from gunicorn.http import errors

_wrong: Any = errors  # Its stubs don't know all of them.
_FIELDS = (
    "Send each header field as Name: value, without control characters; Host and Content-Type at "
    "most once; and one Content-Length in digits or one Transfer-Encoding: chunked, not both."
)
REFUSALS: dict[type[Exception], tuple[int, str]] = {
    _wrong.LimitRequestLine: (414, ""),
    _wrong.ExpectationFailed: (417, ""),
    _wrong.LimitRequestHeaders: (431, ""),
    _wrong.UnsupportedTransferCoding: (501, ""),
    # The app's response is at fault.
    _wrong.InvalidResponseHeader: (500, ""),
    _wrong.InvalidResponseHeaderName: (500, ""),
    _wrong.InvalidRequestLine: (400, "Begin the request with METHOD /path HTTP/1.1, and send all."),
    _wrong.InvalidRequestMethod: (400, "Use a method of capital letters."),
    _wrong.InvalidHTTPVersion: (400, "Use HTTP/1.1."),
    _wrong.InvalidHeader: (400, _FIELDS),
    _wrong.InvalidHeaderName: (400, "Name header fields by letters, digits and hyphens alone."),
    _wrong.ObsoleteFolding: (400, "Send each header field on one line."),
    _wrong.ParseException: (400, ""),
    Exception: (500, ""),
}
"""The status and detail for each exception of gunicorn, the first that fits; "" for the usual."""


def refusal(error: Exception) -> tuple[int, str]:
    """Return the status and the detail that answer the exception."""
    if isinstance(error, _wrong.UnsupportedTransferCoding):
        *_, last = str(error.hdr).lower().split(",")
        if last.strip() != "chunked":  # The body has no known end (RFC 9112, section 6.3).
            return 400, _FIELDS
    return next(found for kind, found in REFUSALS.items() if isinstance(error, kind))
