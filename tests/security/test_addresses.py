"""The client's address: taken from trusted proxies, normalized, and used for rate limits."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import Headers

from tests.operations import NO_RECORD

MakeApp = Callable[..., Flask]
SPELLINGS = {
    "203.0.113.2": [
        *("203.0.113.2", "203.0.113.2:40000", " 203.0.113.2\t", "::FFFF:cb00:7102"),
        *("::ffff:203.0.113.2", "[::ffff:203.0.113.2]:80"),
        *("64:ff9b::203.0.113.2", "64:ff9b::cb00:7102"),
    ],
    "2001:db8::2": [
        *("2001:db8::2", "[2001:db8::2]:4711", "[2001:db8::2]", "2001:DB8:0:0:0:0:0:2"),
        *("2001:0db8::0002", "2001:db8::0.0.0.2", "2001:db8::2%eth0", "[2001:db8::2%25eth0]:47"),
    ],
    "fe80::1": ["fe80::1%eth0", "fe80::1%1", "fe80::1"],
}
"""Each address, with other spellings of it."""
NO_ADDRESSES = [
    *("unknown", "_hidden", "unix:", "", " ", '"203.0.113.2"', "203.0.113.2:port", "[::1"),
    *("203.0.113.2.", "203.0.113", "203.0.113.002", "0xcb007102", "3405803778", "::1]:80"),
    *("203.0.113.2 203.0.113.3", "203.0.113.2:400000", "for=203.0.113.2", "\xb2", "x" * 999),
]


@pytest.fixture
def seen(make_app_at: MakeApp, sqlite_url: str) -> Callable[..., tuple[str | None, int]]:
    """Return a function that sends a request through one proxy.

    It returns the client's address in the log, and the status.
    """
    apps: dict[int, tuple[Flask, list[str]]] = {}

    def ask(*lines: str, proxies: int = 1, peer: str = "127.0.0.1") -> tuple[str | None, int]:
        if proxies not in apps:
            app = make_app_at(sqlite_url, ratelimit_default="1 per hour", trusted_proxies=proxies)
            apps[proxies] = app, []
            app.extensions["request_log"].write = apps[proxies][1].append
        app, logged = apps[proxies]
        headers = Headers([("X-Forwarded-For", line) for line in lines])
        environ: dict[str, Any] = {"REMOTE_ADDR": peer}
        answer = app.test_client().get(NO_RECORD, headers=headers, environ_overrides=environ)
        client: str | None = json.loads(logged.pop())["client"]
        return client, answer.status_code

    return ask


Seen = Callable[..., tuple[str | None, int]]


@pytest.mark.parametrize("address", SPELLINGS)
def test_each_spelling_of_an_address_is_one_client(seen: Seen, address: str) -> None:
    results = [seen(spelling) for spelling in SPELLINGS[address]]
    assert [client for client, _ in results] == [address] * len(results)
    assert [status for _, status in results] == [404] + [429] * (len(results) - 1)


def test_each_spelling_of_the_peer_is_one_client(seen: Seen) -> None:
    """A dual-stack socket reports IPv4 peers as IPv6 addresses."""
    peers = ["127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1"]
    results = [seen(proxies=0, peer=peer) for peer in peers]
    assert results == [("127.0.0.1", 404), ("127.0.0.1", 429), ("127.0.0.1", 429)]


def test_texts_that_are_no_address_share_one_bucket(seen: Seen) -> None:
    assert seen("nonsense") == (None, 404)
    for text in NO_ADDRESSES:
        # The client can add text at the left, but not at the right, where its proxy appends.
        assert seen("203.0.113.9", text) == (None, 429), text


def test_a_client_cannot_choose_its_address_by_what_it_writes_before_the_proxy(seen: Seen) -> None:
    assert seen("203.0.113.7") == ("203.0.113.7", 404)
    for written in ['"', '", ', '\\"', "a, b", ",", ", ,", '"a, b', "[", "203.0.113.8", "'", ";"]:
        assert seen(f"{written}, 203.0.113.7") == ("203.0.113.7", 429), written
        assert seen(written, "203.0.113.7") == ("203.0.113.7", 429), written
    assert seen("203.0.113.9,203.0.113.7 ") == ("203.0.113.7", 429)


def test_several_header_lines_are_one_list(seen: Seen) -> None:
    assert seen("203.0.113.1, 203.0.113.2", "203.0.113.3", proxies=2)[0] == "203.0.113.2"
    assert seen("203.0.113.4", "203.0.113.5", "203.0.113.6", proxies=3)[0] == "203.0.113.4"


def test_a_request_that_passed_too_few_proxies_counts_for_its_peer(seen: Seen) -> None:
    """Because the client may have written all of its `X-Forwarded-For`."""
    assert seen(proxies=2, peer="198.51.100.9") == ("198.51.100.9", 404)
    for written in "203.0.113.1", "203.0.113.2", "unknown", '"':
        assert seen(written, proxies=2, peer="198.51.100.9") == ("198.51.100.9", 429)


@pytest.mark.parametrize(
    "limit", ["ratelimit_default", "ratelimit_passwords", "ratelimit_taken", "ratelimit_failures"]
)
def test_the_addresses_of_one_64_share_each_limit(
    make_app_at: MakeApp, sqlite_url: str, limit: str
) -> None:
    client = make_app_at(sqlite_url, **{limit: "1 per hour"}).test_client()
    taken = limit == "ratelimit_taken"
    form, auth = {"username": "ada"}, ("ada", "a password that is wrong")

    def status(address: str) -> int:
        environ = {"REMOTE_ADDR": address}
        if taken:
            return client.post("/userSignUp", data=form, environ_overrides=environ).status_code
        return client.get("/userDetails", auth=auth, environ_overrides=environ).status_code

    if taken:
        assert status("198.51.100.1") == 200
    first = 409 if taken else 401
    assert status("2001:db8:0:1::1") == first
    for same in "2001:db8:0:1::2", "2001:db8:0:1:ffff:ffff:ffff:ffff":
        assert status(same) == 429
    if limit != "ratelimit_failures":  # This limit counts the failures of all addresses.
        assert status("2001:db8:0:2::1") == first


@pytest.mark.parametrize(
    ("proto", "host", "own"),
    [
        ("https", "x.org", "https://x.org"),
        ("HTTPS", "x.org", "https://x.org"),
        ("http, https", "evil, x.org", "https://x.org"),
        ('", https', '", x.org', "https://x.org"),
        ("https", "x.org:8443", "https://x.org:8443"),
        ("https", "[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("javascript", "x.org", "http://x.org"),
        ("", "", "http://localhost"),
        ("https", " ", "https://localhost"),
    ],
)
def test_the_last_scheme_and_host_are_the_trusted_proxys(
    make_app_at: MakeApp, sqlite_url: str, proto: str, host: str, own: str
) -> None:
    client = make_app_at(sqlite_url, trusted_proxies=1).test_client()
    account = {"username": "ada", "password": "an otter counts nine moons"}
    assert client.post("/userSignUp", data=account).status_code == 200
    form = {"username": "ada", "lastname": "king"}
    auth = account["username"], account["password"]
    for origin, status in (own, 201), ("http://evil", 403), ("https://evil", 403):
        headers = {"X-Forwarded-Proto": proto, "X-Forwarded-Host": host, "Origin": origin}
        answer = client.post("/userDetails", data=form, auth=auth, headers=headers)
        assert answer.status_code == status, origin


@pytest.mark.parametrize(
    ("sent", "prefix"),
    [
        ("/x", "/x"),
        ("/signup/v2", "/signup/v2"),
        ("/-a_~.0/" + "z" * 56, "/-a_~.0/" + "z" * 56),
        ("/x, /y", "/y"),
        *((refused, "") for refused in ("", "x", "/", "/x/", "//evil.org", "/..", "/a/../b")),
        *((refused, "") for refused in ("/a b", "/%2e", "/x?y", "/x#y", "/\\x", "/" + "z" * 64)),
    ],
)
def test_links_begin_with_the_prefix_of_the_trusted_proxy(
    make_app_at: MakeApp, sqlite_url: str, sent: str, prefix: str
) -> None:
    form, headers = {"username": "ada", "lastname": "king"}, {"X-Forwarded-Prefix": sent}
    for proxies, expected in (1, prefix), (0, ""):
        client = make_app_at(sqlite_url, trusted_proxies=proxies).test_client()
        created = client.post("/userDetails", data=form, headers=headers)
        assert created.headers["Location"].startswith(f"{expected}/userDetails/")
        assert client.get("/", headers=headers).headers["Location"] == f"{expected}/docs"
