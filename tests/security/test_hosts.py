"""The host of a request: taken from its target, and checked against TRUSTED_HOSTS if set."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse, run_wsgi_app

from api import create_app
from api.config import Settings
from api.security.hosts import is_trusted, normalize_host
from api.security.passwords import Passwords
from tests.actor import PASSWORD, Someone, assert_problem
from tests.conftest import CHEAP

HOSTS = "example.org, .example.net, [::1]"
OWN = [
    *["example.org", "EXAMPLE.org", "example.org.", "example.org:80", "example.org:5000"],
    *["example.net", "a.example.net", "a.b.Example.Net.:1"],
    *["[::1]", "[0:0:0:0:0:0:0:1]:5000", "[0000::0001]"],
]
OTHERS = [
    *["evil.test", "evil.test:80", "a.example.org", "notexample.net", "example.net.evil.test"],
    *[
        "localhost",
        "127.0.0.1",
        "[::2]",
        "[::",
        "xexample.org",
        "example.org..",
        "",
        ".example.net",
    ],
]
CROSS = "http://evil.test"


@pytest.fixture
def make(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Someone]]:
    """Return a function that makes a service with these settings, and returns a client.

    Its exchanges aren't checked against the document, which can't know the trusted hosts.
    """
    made: list[Flask] = []
    monkeypatch.setattr("api.application.Passwords", lambda *_, **__: Passwords(2, CHEAP))

    def make(**settings: object) -> Someone:
        app = create_app(Settings(database_url=sqlite_url, **settings))  # type: ignore[arg-type]
        app.testing = True
        made.append(app)
        return Someone(app.test_client())

    yield make
    for app in made:
        app.extensions["store"].close()


def asks(someone: Someone, target: str, host: str, **headers: str) -> TestResponse:
    """Submit details to a target in absolute form."""
    return someone.asks(
        "POST",
        "/userDetails",
        data={"username": "ada", "lastname": "king"},
        headers={"Host": host, **headers},
        environ_overrides={"RAW_URI": target},
    )


def test_with_trusted_hosts_no_other_host_is_served(make: Callable[..., Someone]) -> None:
    someone = make(trusted_hosts=HOSTS)
    for host in OWN:
        assert someone.reads("/livez", headers={"Host": host}).status_code == 200, host
        assert someone.gives_details({"headers": {"Host": host}}).status_code == 201, host
    for host in OTHERS:
        for path in "/livez", "/nowhere", "/docs", "/userDetails":
            assert_problem(someone.reads(path, headers={"Host": host}), 400)
        refused = someone.signs_up("bob", headers={"Host": host})
        assert_problem(refused, 400)
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
    other = someone.reads("/livez", headers={"Host": "evil.test"}).get_json(force=True)
    assert other["detail"] == "Send the request to this service's own host: this one isn't."
    assert someone.signs_up("bob", headers={"Host": OWN[0]}).status_code == 200


def test_without_trusted_hosts_any_host_is_served(make: Callable[..., Someone]) -> None:
    someone = make()
    for host in OWN, ["evil.test", "localhost", "[::2]:80"]:
        for each in host:
            assert someone.reads("/livez", headers={"Host": each}).status_code == 200


def test_a_page_of_another_host_does_not_pass_for_the_services_own(
    make: Callable[..., Someone],
) -> None:
    page = {"headers": {"Host": "evil.test", "Origin": CROSS}}
    for someone, status in (make(), 201), (make(trusted_hosts="localhost"), 400):
        if status == 201:
            someone.signs_up("ada", PASSWORD)
        assert someone.signs_in().gives_details(page, username="ada").status_code == status


def test_the_host_of_a_target_in_absolute_form_counts_before_host(
    make: Callable[..., Someone],
) -> None:
    """RFC 9112, section 3.2.2. A page's origin is compared with that host too."""
    make().signs_up("ada", PASSWORD)
    for trusted in "", "localhost":
        ada = make(trusted_hosts=trusted).signs_in()
        own = asks(ada, "http://localhost/userDetails", "evil.test", Origin="http://localhost")
        assert own.status_code == 201
        assert_problem(asks(ada, "http://localhost/userDetails", "evil.test", Origin=CROSS), 403)
        other = asks(ada, "http://evil.test/userDetails", "localhost", Origin="http://localhost")
        assert_problem(other, 400 if trusted else 403)
        for odd in (
            "http:///userDetails",
            "http://a@localhost/userDetails",
            "http://a b/userDetails",
        ):
            assert_problem(asks(ada, odd, "localhost"), 400)


def test_only_a_trusted_proxy_determines_the_host(make: Callable[..., Someone]) -> None:
    own = {"Host": "10.0.0.9:5000", "X-Forwarded-Host": "example.org"}
    other = {"Host": "example.org", "X-Forwarded-Host": "evil.test"}
    behind = make(trusted_hosts="example.org", trusted_proxies=1)
    assert behind.reads("/livez", headers=own).status_code == 200
    assert_problem(behind.reads("/livez", headers=other), 400)
    alone = make(trusted_hosts="example.org")
    assert alone.reads("/livez", headers=other).status_code == 200
    assert_problem(alone.reads("/livez", headers=own), 400)


def test_the_setting_is_flasks_own(make: Callable[..., Someone]) -> None:
    assert make(trusted_hosts=HOSTS).client.application.extensions["trusted_hosts"] == [
        *["example.org", ".example.net", "[::1]"]
    ]
    assert not make().client.application.extensions["trusted_hosts"]


def test_a_host_is_compared_without_port_letter_case_and_trailing_dot() -> None:
    assert {normalize_host(h) for h in OWN[:5]} == {"example.org"}
    assert {normalize_host(h) for h in OWN[-3:]} == {"[::1]"}
    assert normalize_host("[::X]") == "[::x]"
    assert is_trusted("A.b", ["a.B."]) and is_trusted("x.a.b", [".A.b"])
    assert not is_trusted("a.b", []) and not is_trusted("xa.b", [".a.b"])


def test_a_service_without_the_header_is_asked_by_its_target(make: Callable[..., Someone]) -> None:
    app = make(trusted_hosts="localhost").client.application
    environ = app.test_request_context("/livez").request.environ
    del environ["HTTP_HOST"]
    for target, expected in ("http://localhost:80/livez", "200"), ("/livez", "400"):
        _, status, _ = run_wsgi_app(app, {**environ, "RAW_URI": target})
        assert status.startswith(expected)
