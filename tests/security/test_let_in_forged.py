"""No client header evades a rate limit or the cross-site check."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.actor import PASSWORD, Someone, assert_problem
from tests.security.test_limits import ONE_DATABASE

FORGED = [
    {"X-Forwarded-For": "203.0.113.7"},
    {"X-Forwarded-For": "203.0.113.7, 203.0.113.8"},
    {"Forwarded": "for=203.0.113.7;host=evil.example;proto=https"},
    {"X-Real-IP": "203.0.113.7"},
    {"Via": "1.1 evil.example"},
    {"True-Client-IP": "203.0.113.7"},
    {"CF-Connecting-IP": "203.0.113.7"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
]


@ONE_DATABASE
@pytest.mark.parametrize("proxies", [0, 1])
def test_a_limit_is_not_reset_by_what_a_client_writes(
    make_app: Callable[..., Flask], proxies: int
) -> None:
    """Checklist 33: a trusted proxy appends the address that it saw to the client's header."""
    app = make_app(ratelimit_passwords="2 per hour", trusted_proxies=proxies)
    someone = Someone(app.test_client())

    def signs_in(forged: dict[str, str]) -> int:
        if proxies:
            seen = [forged.get("X-Forwarded-For", ""), "198.51.100.1"]
            forged = forged | {"X-Forwarded-For": ", ".join(filter(None, seen))}
        return someone.signs_in("ada").reads_own(headers=forged).status_code

    assert [signs_in({}), signs_in({})] == [401, 401]
    assert [signs_in(forged) for forged in FORGED] == [429] * len(FORGED)


@pytest.mark.parametrize("forged", [*FORGED, {"Referer": "http://localhost/"}])
def test_cross_site_requests_are_refused_whatever_headers_they_have(
    ada: Someone, forged: dict[str, str]
) -> None:
    for told in {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}:
        refused = ada.gives_details({"headers": told | forged}, username="ada")
        assert_problem(refused, 403)
    assert_problem(ada.reads_own(), 404)
    assert ada.signs_up("bob", PASSWORD, headers=forged).status_code == 200
