"""A client of the service, with a method for each action, and the assertion for errors."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.test import TestResponse

from api.contract.problems import ProblemType
from api.problem_types import PROBLEM_TYPES
from api.schemas import NewUserDetails

# Werkzeug has an older phrase for 413 than RFC 9110.
PHRASES = HTTP_STATUS_CODES | {413: "Content Too Large"}
TITLES = {kind.uri: kind.title for kind in PROBLEM_TYPES}
PASSWORD = "an otter counts nine moons"
FORM: dict[str, str] = {
    **{name: field.metadata["examples"][0] for name, field in NewUserDetails().fields.items()},
    "username": "sam",
}
"""A form of details with all fields: their examples, and a username that is no account's."""
RECORD: dict[str, Any] = FORM | {"account_id": None}
"""The stored values of `FORM`, by the parameter names of `Store.add_details`."""
SAME_ID = {"X-Request-ID": "the-same"}
"""A fixed request id, for requests whose responses must be equal in all headers."""


class Someone:
    """A client, anonymous until it signs in."""

    def __init__(self, client: FlaskClient, auth: tuple[str, str] | None = None) -> None:
        self.client, self.auth = client, auth

    def asks(self, method: str, path: str, **request: Any) -> TestResponse:
        if self.auth:
            request.setdefault("auth", self.auth)
        return self.client.open(path, method=method, **request)

    def signs_up(
        self, username: str = "ada", password: str | None = None, **request: Any
    ) -> TestResponse:
        form = {"username": username} | ({} if password is None else {"password": password})
        return self.asks("POST", "/userSignUp", data=form, **request)

    def signs_in(self, username: str = "ada", password: str = PASSWORD) -> "Someone":
        return Someone(self.client, (username, password))

    def gives_details(
        self, request: dict[str, Any] | None = None, **form: str | None
    ) -> TestResponse:
        given = {name: text for name, text in (FORM | form).items() if text is not None}
        return self.asks("POST", "/userDetails", data=given, **(request or {}))

    def posts(
        self, body: Any, content_type: str | None, path: str = "/userDetails", **request: Any
    ) -> TestResponse:
        return self.asks("POST", path, data=body, content_type=content_type, **request)

    def reads(self, link: str, **request: Any) -> TestResponse:
        return self.asks("GET", link, **request)

    def reads_own(self, **request: Any) -> TestResponse:
        return self.asks("GET", "/userDetails", **request)

    def deletes(self, link: str, **request: Any) -> TestResponse:
        return self.asks("DELETE", link, **request)


def assert_problem(response: TestResponse, status: int, **fields: list[str]) -> None:
    """Assert that the response is a problem (RFC 9457) with messages for exactly these fields."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.content_type == "application/problem+json"
    problem = response.get_json(force=True)
    assert problem.get("errors", {}) == fields
    assert problem["status"] == status
    assert problem["type"] in {"about:blank", *TITLES}
    assert problem["title"] == TITLES.get(problem["type"], PHRASES[status])
    assert problem["detail"]


def assert_kind(response: TestResponse, status: int, kind: ProblemType) -> None:
    """Assert that the response is a problem of this kind, without messages for fields."""
    assert_problem(response, status)
    assert response.get_json(force=True)["type"] == kind.uri
