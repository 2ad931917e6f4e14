"""Preconditions of a request (RFC 9110, section 13) to a resource that has no entity tag."""

from collections.abc import Callable

from flask.globals import request_ctx
from werkzeug.exceptions import PreconditionFailed


def check_preconditions(find: Callable[[], object] | None = None) -> None:
    """Raise `PreconditionFailed` if `If-Match` or `If-None-Match` is false.

    Call this after all other checks and before anything changes (RFC 9110, section 13.2.1). `find`
    raises an error of its own if the resource doesn't exist, which takes precedence; without
    `find`, the resource has no representation, as the target of a POST. Because no response has an
    entity tag, only `*` can match, and because none has a modification date, a request's dates
    don't count.
    """
    environ = request_ctx.request.environ
    match, none_match = environ.get("HTTP_IF_MATCH"), environ.get("HTTP_IF_NONE_MATCH", "")
    if match is None and not none_match:
        return
    if find:
        find()
    is_matched = match is None or (find and match.strip() == "*")
    if not is_matched or (find and none_match.strip() == "*"):
        raise PreconditionFailed
