"""Failed password checks are limited per account, without locking out the account's owner."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import product
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from api.security.failures import KNOWN_DAYS
from api.security.limits import LIMITED
from api.security.passwords import Passwords
from tests.actor import PASSWORD, SAME_ID, Someone, assert_problem
from tests.conftest import CHEAP
from tests.contract.test_refusals import good, spoil
from tests.security.test_limits import wait_of

HOUR = 60 * 60
WRONG = "an otter counts nine stars"
HOME, AWAY, FOREIGN = "198.51.100.7", "203.0.113.9", "2001:db8:1:2::3"
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


class Person(Someone):
    """A person at an address, who tries passwords."""

    def __init__(self, app: Flask, address: str = HOME, username: str = "ada") -> None:
        super().__init__(app.test_client())
        self.username, self.address = username, address

    def asks(self, method: str, path: str, **request: Any) -> TestResponse:
        place = {"REMOTE_ADDR": self.address}
        return super().asks(method, path, environ_overrides=place, **request)

    def tries(self, password: str = WRONG, username: str = "") -> TestResponse:
        """Read their own details with this password: 404 if it is right, because there are none."""
        return self.reads_own(auth=(username or self.username, password))

    def fails(self, times: int) -> list[int]:
        return [self.tries().status_code for _ in range(times)]


@pytest.fixture
def serve(make_app_at: Callable[..., Flask], sqlite_url: str) -> Callable[..., Flask]:
    """Make the service, with an account of "ada"."""

    def make(limit: str = "3 per hour", **settings: Any) -> Flask:
        app = make_app_at(sqlite_url, ratelimit_failures=limit, **settings)
        assert Someone(app.test_client()).signs_up("ada", PASSWORD).status_code in (200, 409)
        return app

    return make


Serve = Callable[..., Flask]


def test_by_default_an_account_takes_100_failures_an_hour(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    stranger = Person(make_app_at(sqlite_url))
    assert stranger.signs_up("ada", PASSWORD).status_code == 200
    assert stranger.fails(100) == [401] * 100
    assert HOUR - 60 < wait_of(stranger.tries()) <= HOUR
    # Otherwise the response would reveal that the password is right.
    assert_problem(stranger.tries(PASSWORD), 429)


@pytest.mark.parametrize("username", ["ada", "bare", "nobody", "no name", "", "\u212aate"])
def test_each_username_is_limited_alike_whether_or_not_it_can_sign_in(
    serve: Serve, username: str
) -> None:
    app = serve()
    Someone(app.test_client()).signs_up("bare")
    stranger = Person(app, username=username)
    answers = [stranger.reads_own(auth=(username, WRONG), headers=SAME_ID) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401] * 3 + [429]
    other = Person(app, username="eve")
    assert other.fails(3) == [401] * 3
    refused = other.reads_own(auth=("eve", WRONG), headers=SAME_ID)
    assert (refused.data, *refused.headers) == (answers[3].data, *answers[3].headers)


def test_letter_case_and_operation_make_no_other_account(serve: Serve) -> None:
    app = serve()
    tries: list[Callable[[Person], TestResponse]] = [
        lambda p: p.tries(username="ada"),
        lambda p: p.asks("HEAD", "/userDetails", auth=("ADA", WRONG)),
        lambda p: p.gives_details({"auth": ("Ada", WRONG)}, username="ada"),
    ]
    addresses = [HOME, AWAY, FOREIGN]
    for ask, address in zip(tries, addresses, strict=True):
        assert ask(Person(app, address)).status_code == 401
    for ask, address in product(tries, addresses):
        assert ask(Person(app, address)).status_code == 429
    assert Person(app, username="bob").fails(1) == [401]


def test_only_failed_checks_are_counted(serve: Serve) -> None:
    """Neither requests refused without a check count, nor those with the right password."""
    app = serve("1 per hour")
    owner = Person(app)
    fine = good("createUserDetails") | {"auth": ("ada", PASSWORD)}
    for status in 413, 415, 406, 400, 403:
        assert owner.asks(**spoil(fine, status)).status_code == status
        wrong = fine | {"auth": ("ada", WRONG)}
        if status in (413, 415, 406):
            assert Person(app, AWAY).asks(**spoil(wrong, status)).status_code == status
    for broken in "", "Basic", "Basic YWRh", "Bearer YWRhOmFkYQ==":
        answer = Person(app, AWAY).reads_own(headers={"Authorization": broken})
        assert_problem(answer, 401)
    for _ in range(3):
        assert_problem(owner.tries(PASSWORD), 404)
    assert Person(app, AWAY).fails(2) == [401, 429]


def test_a_failed_check_counts_although_the_response_hides_it(serve: Serve) -> None:
    """Without an acceptable representation, a right password may get 406 as a wrong one does."""
    stranger = Person(serve())
    for _ in range(3):
        answer = stranger.reads_own(auth=("ada", WRONG), headers={"Accept": "image/png"})
        assert_problem(answer, 406)
    assert_problem(stranger.tries(), 429)


@pytest.mark.parametrize("name", ["getMyUserDetails", "createUserDetails"])
def test_over_the_limit_a_request_is_refused_before_all_else(serve: Serve, name: str) -> None:
    stranger = Person(serve("1 per hour"))
    assert stranger.fails(1) == [401]
    wrong = {"auth": ("ada", WRONG)}
    for status in (406, 401) if name == "getMyUserDetails" else (413, 415, 406, 401, 400, 403):
        request = spoil(good(name), status) | wrong
        assert stranger.asks(**request).status_code == 429, status


def test_strangers_never_lock_the_owner_out_of_a_known_address(serve: Serve) -> None:
    app = serve("5 per hour")
    owner = Person(app)
    assert_problem(owner.tries(PASSWORD), 404)
    strangers = [Person(app, f"203.0.{n}.1") for n in range(9)]
    assert [s.tries().status_code for s in strangers] == [401] * 9
    assert [s.tries().status_code for s in strangers] == [429] * 9
    assert owner.fails(4) == [401] * 4
    assert_problem(owner.tries(PASSWORD), 404)
    assert owner.fails(6) == [401] * 5 + [429]


def test_the_owner_can_sign_in_from_a_new_address_while_strangers_are_refused(
    serve: Serve,
) -> None:
    """Each site (an IPv4 /24 or IPv6 /48) has a failure of its own."""
    app = serve()
    assert Person(app, "192.0.2.1").fails(4) == [401] * 3 + [429]
    for new in HOME, AWAY, FOREIGN:
        assert_problem(Person(app, new).tries(PASSWORD), 404)
        assert Person(app, new).fails(4) == [401] * 3 + [429]
    for site, same in ("203.0.114.1", "203.0.114.2"), ("2001:db8:2::1", "2001:db8:2:ffff::1"):
        assert Person(app, site).fails(2) == [401, 429]
        assert Person(app, same).fails(1) == [429]


def test_an_owner_at_a_new_address_waits_one_window_despite_strangers(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, now = serve(), 1000.0
    monkeypatch.setattr("api.security.counters.time", SimpleNamespace(monotonic=lambda: now))
    strangers = [Person(app, f"203.0.{n}.1") for n in range(5)]

    def attack() -> None:
        for stranger in strangers:
            stranger.fails(2)

    attack()
    now += HOUR / 2
    owner = Person(app, FOREIGN)
    assert owner.fails(2) == [401, 429]
    waits = wait_of(owner.tries(PASSWORD))
    assert waits == HOUR
    for _ in range(6):
        now += waits / 6
        attack()
    assert_problem(owner.tries(PASSWORD), 404)


def test_a_success_forgets_the_failures_of_its_address_and_of_no_other(serve: Serve) -> None:
    app = serve("6 per hour")
    owner, stranger = Person(app), Person(app, AWAY)
    assert owner.fails(3) + stranger.fails(1) == [401] * 4
    assert_problem(owner.tries(PASSWORD), 404)
    assert owner.fails(5) == [401] * 5
    assert_problem(owner.tries(PASSWORD), 404)
    assert owner.fails(7) == [401] * 6 + [429]
    assert stranger.fails(6) == [401] * 5 + [429]


def test_an_address_is_known_for_30_days(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    app, day, now = serve("1 per hour"), 24 * HOUR, 1000.0
    monkeypatch.setattr("api.security.counters.time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr("api.security.failures.time", SimpleNamespace(time=lambda: now))
    owner, neighbour = Person(app), Person(app, f"{HOME}1")
    assert_problem(owner.tries(PASSWORD), 404)
    for days, status in (KNOWN_DAYS, 404), (KNOWN_DAYS, 404), (KNOWN_DAYS + 1.1, 429):
        now += days * day
        assert Person(app, AWAY).fails(1) == neighbour.fails(1) == [401]
        assert owner.tries(PASSWORD).status_code == status


def test_a_client_without_an_address_is_never_known(serve: Serve) -> None:
    """Otherwise one client's success would benefit all clients without an address."""
    app = serve("2 per hour", trusted_proxies=1)
    nowhere = {"headers": {"X-Forwarded-For": "unknown"}}
    person = Person(app)
    assert person.reads_own(auth=("ada", PASSWORD), **nowhere).status_code == 404
    assert Person(app, AWAY).fails(2) == [401, 401]
    statuses = [person.reads_own(auth=("ada", WRONG), **nowhere).status_code for _ in range(2)]
    assert statuses == [401, 429]


def test_failures_at_once_are_counted_one_by_one_and_successes_not_at_all(serve: Serve) -> None:
    app, together = serve("8 per hour"), Barrier(16)
    app.extensions["passwords"] = Passwords(1, CHEAP)

    def statuses(password: str) -> list[int]:
        def tries(_: int) -> int:
            together.wait()
            return Person(app).tries(password).status_code

        with ThreadPoolExecutor(16) as pool:
            return sorted(pool.map(tries, range(16)))

    assert statuses(PASSWORD) == [404] * 16
    assert statuses(WRONG) == [401] * 8 + [429] * 8


@pytest.mark.parametrize("limit", ["2 per minute;3 per hour", "3 per hour;2 per minute"])
def test_retry_after_is_the_longest_of_several_limits(serve: Serve, limit: str) -> None:
    app = serve(limit)
    stranger = Person(app)
    assert stranger.fails(2) == [401, 401]
    assert 0 < wait_of(stranger.tries()) <= 60
    assert Person(app, AWAY).fails(1) == [401]
    assert wait_of(stranger.tries()) > 3500


def test_the_password_of_a_keyed_sign_up_can_be_guessed_no_more_often(serve: Serve) -> None:
    """Otherwise a client that knows the key could test passwords against the first one."""
    app = serve()
    assert Person(app).signs_up("bob", PASSWORD, headers=KEY).status_code == 200
    guesser = Person(app, AWAY, username="bob")
    statuses = [guesser.signs_up("bob", WRONG, headers=KEY).status_code for _ in range(3)]
    assert statuses == [409] * 3
    for password in PASSWORD, WRONG:
        assert_problem(guesser.signs_up("bob", password, headers=KEY), 429)
    assert_problem(guesser.tries(PASSWORD), 429)
    # The owner's address has no failures, and a retry doesn't make an address known.
    assert Person(app).signs_up("bob", PASSWORD, headers=KEY).status_code == 200
    assert Person(app, username="bob").fails(2) == [401, 429]


def test_failures_for_a_username_do_not_keep_others_from_signing_it_up(serve: Serve) -> None:
    app = serve("1 per hour")
    assert Person(app, AWAY, username="newcomer").fails(2) == [401, 429]
    assert Person(app).signs_up("newcomer", PASSWORD, headers=KEY).status_code == 200


@pytest.mark.parametrize("off", [{"limit": ""}, {"ratelimit_enabled": False}])
def test_the_limit_can_be_switched_off(serve: Serve, off: dict[str, Any]) -> None:
    assert Person(serve(**({"limit": "1 per hour"} | off))).fails(4) == [401] * 4


def test_each_refusal_is_counted_as_such(serve: Serve) -> None:
    app, told = serve("1 per hour"), list[str]()

    def count(_: Flask, limit: str) -> None:
        told.append(limit)

    with LIMITED.connected_to(count, app):
        Person(app).fails(3)
    assert told == ["failures", "failures"]


def test_a_keyed_sign_up_whose_username_is_a_file_is_refused_as_any_other(
    make_app: Callable[..., Flask],
) -> None:
    someone = Someone(make_app().test_client())
    form = {"username": (BytesIO(b"ada"), "ada.txt"), "password": PASSWORD}
    key = {"Idempotency-Key": '"a-key-for-a-file-as-username"'}
    refused = someone.asks("POST", "/userSignUp", data=form, headers=key)
    assert_problem(refused, 400, username=["Give this field as text, not as a file."])
