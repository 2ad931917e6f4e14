"""Credentials that a browser sends from another site's page are refused."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.actor import PASSWORD, Someone, assert_problem

OTHERS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "*"},
    {"Origin": "https://evil.example"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost:5001"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://evil.example/http://localhost"},
    {"Origin": "http://localhost@evil.example"},
]
OWN = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
]


def test_stored_credentials_from_another_site_are_refused(
    ada: Someone, subtests: pytest.Subtests
) -> None:
    for headers in OTHERS:
        with subtests.test(str(headers)):
            assert_problem(ada.gives_details({"headers": headers}, username="ada"), 403)
    assert_problem(ada.reads_own(), 404)


def test_credentials_from_its_own_pages_and_from_programs_pass(
    ada: Someone, subtests: pytest.Subtests
) -> None:
    for headers in OWN:
        with subtests.test(str(headers)):
            assert ada.gives_details({"headers": headers}, username="ada").status_code == 201


def test_without_credentials_another_sites_page_may_give_details(
    someone: Someone, subtests: pytest.Subtests
) -> None:
    for headers in OTHERS:
        with subtests.test(str(headers)):
            assert someone.gives_details({"headers": headers}).status_code == 201


def test_its_own_origin_is_the_one_that_was_asked(ada: Someone, subtests: pytest.Subtests) -> None:
    for host in "localhost:5000", "127.0.0.1:8080", "[::1]:5000", "xn--bcher-kva.example", "a.b.c":
        with subtests.test(host):
            own = {"Host": host, "Origin": f"http://{host}"}
            assert ada.gives_details({"headers": own}, username="ada").status_code == 201
            other = own | {"Origin": "http://localhost"}
            assert_problem(ada.gives_details({"headers": other}, username="ada"), 403)


@pytest.mark.parametrize(("trusted_proxies", "status"), [(0, 403), (1, 201)])
def test_behind_a_trusted_proxy_its_own_origin_is_the_proxys(
    make_app: Callable[..., Flask], trusted_proxies: int, status: int
) -> None:
    someone = Someone(make_app(trusted_proxies=trusted_proxies).test_client())
    someone.signs_up("ada", PASSWORD)
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "signup.example",
        "Origin": "https://signup.example",
    }
    given = someone.signs_in().gives_details({"headers": headers}, username="ada")
    assert given.status_code == status


def test_the_port_that_goes_without_saying_and_letter_case_make_no_other_origin(
    ada: Someone,
) -> None:
    """A browser omits the default port in `Origin`; a proxy may include it in `Host`."""
    for host in "localhost:80", "LocalHost":
        own = {"Host": host, "Origin": "http://localhost"}
        assert ada.gives_details({"headers": own}, username="ada").status_code == 201, host
    other = {"Host": "localhost:443", "Origin": "http://localhost"}
    assert_problem(ada.gives_details({"headers": other}, username="ada"), 403)


def test_only_giving_details_is_guarded_since_only_that_changes_an_account(ada: Someone) -> None:
    cross: dict[str, Any] = {
        "headers": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    }
    link = ada.gives_details(username="ada").headers["Location"]
    assert ada.reads_own(**cross).status_code == 200
    assert ada.reads(link, **cross).status_code == 200
    assert ada.signs_up("bob", **cross).status_code == 200
