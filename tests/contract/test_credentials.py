"""Several security schemes of one operation, and schemes that the app checks by itself."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import request
from flask.typing import ResponseReturnValue
from openapi_spec_validator import validate
from werkzeug.exceptions import Unauthorized

from api.contract import AllOf, AnyOf, Credentials, UndeclaredResponse, document, operation
from tests.contract.adopted import DONE, REFUSAL, small


def needs(name: str, value: str) -> Callable[[], str]:
    """Return a check of a header, whose account is the header's name."""

    def check() -> str:
        if request.headers.get(name) != value:
            raise Unauthorized
        return name

    return check


TOKEN = Credentials(
    "token",
    {"type": "http", "scheme": "bearer"},
    needs("Authorization", "Bearer t"),
    scopes=["read"],
)
BASIC = Credentials("basic", {"type": "http", "scheme": "basic"}, needs("Authorization", "Basic b"))
KEY = Credentials("key", {"type": "apiKey", "in": "header", "name": "X-Key"}, needs("X-Key", "k"))

NONE: dict[str, str] = {}
BY_BASIC, BY_TOKEN = {"Authorization": "Basic b"}, {"Authorization": "Bearer t"}
BY_KEY, BAD_KEY = {"X-Key": "k"}, {"X-Key": "bad"}


@pytest.mark.parametrize(
    ("credentials", "headers", "account"),
    [
        *((AnyOf(BASIC, TOKEN, KEY), h, "Authorization") for h in (BY_BASIC, BY_TOKEN)),
        (AnyOf(BASIC, TOKEN, KEY), BY_KEY, "X-Key"),
        *((AnyOf(BASIC, TOKEN), h, 401) for h in (NONE, BY_KEY, {"Authorization": "Bearer x"})),
        (AnyOf(BASIC, KEY, optional=True), NONE, None),
        (AnyOf(BASIC, KEY, optional=True), BAD_KEY, 401),
        (AllOf(BASIC, KEY), BY_BASIC | BY_KEY, ["Authorization", "X-Key"]),
        *((AllOf(BASIC, KEY), h, 401) for h in (NONE, BY_BASIC, BY_BASIC | BAD_KEY)),
        (AllOf(BASIC, KEY, optional=True), NONE, None),
        (AnyOf(TOKEN, AllOf(BASIC, KEY)), BY_TOKEN, "Authorization"),
        (AnyOf(TOKEN, AllOf(BASIC, KEY)), BY_BASIC | BY_KEY, ["Authorization", "X-Key"]),
        (AnyOf(TOKEN, AllOf(BASIC, KEY)), BY_BASIC, 401),
    ],
)
def test_either_or_both_of_several_schemes(
    credentials: AnyOf | AllOf, headers: dict[str, str], account: Any
) -> None:
    app = small()

    def read(account: Any) -> ResponseReturnValue:
        return {"account": account}

    app.get("/it")(operation({**DONE, 401: REFUSAL}, credentials=credentials)(read))
    answer = app.test_client().get("/it", headers=headers)
    if account == 401:
        assert answer.status_code == 401
    else:
        assert answer.json == {"account": account}


@pytest.mark.parametrize(
    ("credentials", "printed"),
    [
        (AnyOf(BASIC, KEY), [{"basic": []}, {"key": []}]),
        (AllOf(BASIC, TOKEN, optional=True), [{"basic": [], "token": ["read"]}, {}]),
        (AnyOf(TOKEN, AllOf(BASIC, KEY)), [{"token": ["read"]}, {"basic": [], "key": []}]),
    ],
)
def test_their_requirements_are_printed(credentials: AnyOf | AllOf, printed: Any) -> None:
    app = small()
    app.get("/it")(operation(DONE, credentials=credentials)(lambda **_: {}))
    whole = document(app)
    validate(whole)
    assert whole["paths"]["/it"]["get"]["security"] == printed
    schemes = {name for requirement in printed for name in requirement}
    assert set(whole["components"]["securitySchemes"]) == schemes


def test_a_scheme_without_a_check_is_only_declared() -> None:
    app = small()
    declared = AllOf(Credentials("basic", BASIC.scheme), Credentials("key", KEY.scheme))
    app.get("/it")(operation(DONE, credentials=declared)(lambda: {"open": True}))
    given = {"Authorization": "Basic wrong", "X-Key": "wrong"}
    assert app.test_client().get("/it", headers=given).json == {"open": True}
    assert document(app)["paths"]["/it"]["get"]["security"] == [{"basic": [], "key": []}]


def test_several_schemes_are_all_checked_or_none() -> None:
    """Otherwise, a request with wrong credentials of the unchecked scheme would pass."""
    with pytest.raises(ValueError, match="to each of several credentials, or to none"):
        AnyOf(KEY, Credentials("basic", BASIC.scheme))


@pytest.mark.parametrize("optional", [False, True])
def test_a_gate_notices_that_nothing_checks_the_declared_credentials(optional: bool) -> None:
    app = small()
    token = Credentials("token", {"type": "http", "scheme": "bearer"}, optional=optional)
    app.get("/a")(operation(DONE, credentials=token)(lambda: {"a": 1}))
    client = app.test_client()
    assert client.get("/a", headers={"Authorization": "Bearer x"}).status_code == 200
    if optional:
        assert client.get("/a").status_code == 200
    else:
        with pytest.raises(UndeclaredResponse, match="without the declared credentials"):
            client.get("/a")
