"""The gate sees the changes of Flask's extensions, each made by a small app with the same hooks.

Flask-Login and Flask-HTTPAuth wrap views or abort before them, Flask-CORS and Flask-Limiter add
headers by `after_request`, and Flask-Session replaces the session interface, which adds
`Set-Cookie` and `Vary` after all these functions.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from flask import Flask, Response, abort, g, request, session
from flask.sessions import SecureCookieSession, SessionInterface
from flask.typing import ResponseReturnValue

from api.contract import Body, Credentials, Gate, Header, Reply, UndeclaredResponse, operation
from tests.contract.adopted import DONE, REFUSAL, small

ANY = Header({"type": "string"})
TOKEN = Credentials("token", {"type": "http", "scheme": "bearer"})


def replies(**headers: Header) -> dict[int, Reply]:
    named = {name.replace("_", "-"): header for name, header in headers.items()}
    return {status: reply.with_headers(named) for status, reply in DONE.items()}


def login_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """Do as `login_required` of Flask-Login and Flask-HTTPAuth."""

    @wraps(view)
    def checked(*bound: Any, **arguments: Any) -> Any:
        if request.headers.get("Authorization") != "Bearer t":
            abort(401)
        g.user = "ada"
        return view(*bound, **arguments)

    return checked


def test_a_login_that_wraps_the_view_is_declared_and_not_checked_twice() -> None:
    app = small()

    @app.get("/it")
    @login_required
    @operation({**DONE, 401: REFUSAL}, credentials=TOKEN)
    def it() -> ResponseReturnValue:
        return {"user": g.user}

    @app.get("/other")
    @login_required
    @operation(DONE)
    def other() -> ResponseReturnValue:
        return {}

    client = app.test_client()
    assert client.get("/it", headers={"Authorization": "Bearer t"}).json == {"user": "ada"}
    assert client.get("/it").status_code == 401
    with pytest.raises(UndeclaredResponse, match="GET other, 401"):
        client.get("/other")


def early(app: Flask) -> None:
    """Add headers as an extension that is installed before the gate."""

    @app.after_request
    def allow(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["X-RateLimit-Remaining"] = "9"
        response.vary.add("Origin")
        return response


@pytest.mark.parametrize("is_first", [False, True])
def test_headers_of_extensions_are_seen_in_either_order(is_first: bool) -> None:
    app = Flask("small", static_folder=None)
    app.testing = True
    installed: list[Callable[[Flask], object]] = [early, Gate] if is_first else [Gate, early]
    for install in installed:
        install(app)
    headers = {"Access_Control_Allow_Origin": Header.constant("*"), "Vary": ANY}
    app.get("/it")(operation(replies(**headers, X_RateLimit_Remaining=ANY))(dict))
    app.get("/other", endpoint="other")(operation(replies(**headers))(dict))
    assert app.test_client().get("/it").status_code == 200
    with pytest.raises(UndeclaredResponse, match="the header X-RateLimit-Remaining is not"):
        app.test_client().get("/other")


def test_a_limit_before_the_view_is_a_response_of_its_operation() -> None:
    app = small()

    @app.before_request
    def limit() -> None:
        if request.endpoint and request.args.get("n") == "2":
            abort(429)

    app.get("/it")(operation({**DONE, 429: REFUSAL})(dict))
    app.get("/other", endpoint="other")(operation(DONE)(dict))
    assert app.test_client().get("/it?n=2").status_code == 429
    with pytest.raises(UndeclaredResponse, match="429"):
        app.test_client().get("/other?n=2")


class Stored(SessionInterface):
    """Sessions on the server, as those of Flask-Session: the cookie has the id."""

    def open_session(self, app: Flask, request: Any) -> SecureCookieSession:
        return SecureCookieSession()

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        if session.modified:
            response.set_cookie("session", "the-id")
            response.vary.add("Cookie")


@pytest.mark.parametrize("interface", [None, Stored()])
@pytest.mark.parametrize("testing", [True, False])
def test_what_the_session_adds_is_seen(
    interface: SessionInterface | None, testing: bool, caplog: pytest.LogCaptureFixture
) -> None:
    app = small()
    app.testing = testing
    app.secret_key = "not a secret"
    app.session_interface = interface or app.session_interface

    def visit() -> ResponseReturnValue:
        session["seen"] = True
        response = Response("{}", mimetype="application/json")
        response.set_cookie("other", "1")
        return response

    app.get("/it")(operation(replies(Set_Cookie=ANY, Vary=ANY))(visit))
    app.get("/other", endpoint="other")(operation(replies(Set_Cookie=ANY))(visit))
    answer = app.test_client().get("/it")
    assert len(answer.headers.getlist("Set-Cookie")) == 2 and not caplog.messages
    if testing:
        with pytest.raises(UndeclaredResponse, match="the header Vary is not declared"):
            app.test_client().get("/other")
    else:
        assert app.test_client().get("/other").status_code == 200
        assert "the header Vary is not declared" in caplog.messages[0]


def test_errors_may_be_of_any_format() -> None:
    """Of the app's own, and problems (RFC 9457)."""
    problem = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}
    app = small()

    def problems(error: Any) -> ResponseReturnValue:
        title = error.description if request.args else 9
        return {"title": title}, 400, {"Content-Type": "application/problem+json"}

    bad = Reply(description="No.", content={"application/problem+json": Body(problem)})
    app.register_error_handler(400, problems)
    app.get("/it")(
        operation({400: bad, 404: REFUSAL})(lambda: abort(int(request.args.get("s", 400))))
    )
    client = app.test_client()
    assert client.get("/it?s=400").mimetype == "application/problem+json"
    assert "error" in (client.get("/it?s=404").json or {})
    with pytest.raises(UndeclaredResponse, match="the member title is wrong: 9 is not of type"):
        client.get("/it")
