"""The order of 429 among refusals: only work is limited, and before it is done."""

from collections.abc import Callable

from flask import Flask

from tests.actor import PASSWORD, Someone, assert_problem
from tests.contract.test_refusals import good, newcomer, spoil
from tests.operations import NO_METHOD, NO_RECORD, OPERATIONS


def test_the_404_of_a_record_comes_after_429_since_finding_it_is_work(
    make_app: Callable[..., Flask],
) -> None:
    ada = newcomer(make_app, ratelimit_default="1 per hour")
    for operation in OPERATIONS:
        if operation.by_link or operation.id == "getMyUserDetails":
            assert_problem(operation.ask(ada, NO_RECORD), 404)
            assert_problem(operation.ask(ada, NO_RECORD), 429)


def test_the_404_of_a_record_comes_after_405_and_before_406(
    make_app: Callable[..., Flask],
) -> None:
    ada = newcomer(make_app)
    for path in NO_RECORD, "/userDetails":
        assert_problem(ada.asks(NO_METHOD, path), 405)
        for method in "GET", "HEAD":
            refused = ada.asks(method, path, headers={"Accept": "text/html"})
            assert refused.status_code == 404


def test_password_work_over_its_limit_is_refused_before_all_else(
    make_app: Callable[..., Flask],
) -> None:
    """Ada's own sign-up has used up this client's limit."""
    ada = newcomer(make_app, ratelimit_passwords="1 per hour")
    for status in 429, 413, 415, 406, 401, 400, 403:
        assert ada.asks(**spoil(good("createUserDetails"), status)).status_code == 429
    for status in 429, 406, 401:
        assert ada.asks(**spoil(good("getMyUserDetails"), status)).status_code == 429
    sign_up = good("signUp")
    sign_up["data"] += f"&password={PASSWORD}".replace(" ", "+").encode()
    for status in 429, 406, 400, 409:
        assert ada.asks(**spoil(sign_up, status)).status_code == 429


def test_requests_outside_of_operations_are_not_limited(
    make_app: Callable[..., Flask],
) -> None:
    """A health check, a preflight, and requests that are refused without work."""
    someone = Someone(make_app(ratelimit_default="1 per hour").test_client())
    for _ in range(3):
        for path in "/livez", "/readyz", "/docs", "/docs/start.js", "/openapi.json":
            assert someone.reads(path).status_code == 200
        assert someone.asks("OPTIONS", "/userSignUp").status_code == 204
        assert_problem(someone.asks(NO_METHOD, "/userSignUp"), 405)
        assert_problem(someone.reads("/nowhere"), 404)


def test_the_password_limit_counts_only_password_work(make_app: Callable[..., Flask]) -> None:
    ada = newcomer(make_app, ratelimit_passwords="1 per hour")
    anybody = Someone(ada.client)
    sign_up = good("signUp")
    sign_up["data"] += b"&password=short"
    for status in 404, 405, 413, 415:  # These are refused before the password is checked.
        assert anybody.asks(**spoil(sign_up, status)).status_code == status
    link = anybody.gives_details().headers["Location"]
    assert anybody.reads(link).status_code == 200
    assert_problem(anybody.reads_own(), 401)
    assert anybody.signs_up("bob").status_code == 200
    assert_problem(anybody.signs_up("bob"), 409)
