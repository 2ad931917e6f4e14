"""The headers RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11).

They name the limits that count a client's own requests by its address: of each operation, and of
passwords. The limits of failed password checks and of "username taken" responses are not named,
because their counts would tell how often others guess at an account.
"""

import math
from collections.abc import Mapping, Sequence

from flask import Response

from api.contract import Header
from api.security.counters import Window

_LONGEST = 512
"""Maximum length of each header. Longer ones are left out, because many limits say little."""


def _header(parameters: str, description: str) -> Header:
    item = f'"(default|passwords)-[0-9]+";{parameters}'
    pattern = f"^({item}(, )?)+$"
    schema = {"type": "string", "pattern": pattern, "maxLength": _LONGEST}
    return Header(schema, description, required=False)


QUOTAS = {
    "RateLimit": _header(
        "r=[0-9]+;t=[0-9]+",
        "For each rate limit, how many requests remain, and the seconds until its window ends. "
        "A 429 names the limits that are exceeded.",
    ),
    "RateLimit-Policy": _header(
        "q=[0-9]+;w=[0-9]+",
        "The rate limits that counted the request, each with its number of requests and the "
        "seconds of its window: `default` counts the requests of this operation, and `passwords` "
        "all requests that hash a password.",
    ),
}
"""The declarations, for successful responses and for 429."""


def tell_quotas(response: Response, counted: Mapping[str, Sequence[Window]]) -> Response:
    """Add the headers to a successful response, or to a 429 whose `Retry-After` is set.

    `counted` are the windows of each setting's limits.
    """
    is_refused = response.status_code == 429
    if not is_refused and response.status_code >= 300:
        return response
    # A client must not be told to wait for longer than `Retry-After` says.
    longest = int(response.headers["Retry-After"]) if is_refused else math.inf
    policies, remaining = [], []
    for setting, windows in counted.items():
        for limit, left, seconds_left in windows:
            name = f'"{setting}-{limit.get_expiry()}"'
            policies.append(f"{name};q={limit.amount};w={limit.get_expiry()}")
            if left < 0 or not is_refused:
                seconds = min(math.ceil(seconds_left), longest)
                remaining.append(f"{name};r={max(0, left)};t={seconds}")
    for header, items in ("RateLimit", remaining), ("RateLimit-Policy", policies):
        if items and len(", ".join(items)) <= _LONGEST:
            response.headers[header] = ", ".join(items)
    return response
