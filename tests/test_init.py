"""`create_app`: the app's name, the source of its settings, and its addresses."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from api import create_app
from api.config import Settings
from tests.actor import PASSWORD, Someone


def status(app: Flask, host: str | None, path: str = "/livez") -> int:
    """Return the status of a request with this raw `Host` header, or without one.

    Werkzeug's client would always send a valid one.
    """
    environ = EnvironBuilder(path).get_environ()
    environ["PATH_INFO"] = path
    del environ["HTTP_HOST"]
    if host is not None:
        environ["HTTP_HOST"] = host
    _, said, _ = run_wsgi_app(app, environ)
    return int(said[:3])


def test_a_request_without_a_host_is_refused(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    """RFC 9112, section 3.2."""
    app = make_app_at(sqlite_url)
    for host in "x", "X.org:80", "127.0.0.1:", "a_b~c%20-d", "[::1]", "[1:2f:F.9]:5000":
        assert status(app, host) == 200, host
    assert status(app, None) == 400
    for host in "", "a b", ":80", "x:y", "x:1:2", "[::1", "[g]", "[::1]x", "a/b":
        assert status(app, host) == 400, host


def test_an_address_begins_with_one_slash(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    app = make_app_at(sqlite_url)
    for path in "//livez", "///livez", "/livez/", "/livez//", "livez", "":
        assert status(app, "x", path) in (404, 302), path
    assert status(app, "x", "//livez") == 404


def test_the_service_goes_by_its_name_in_the_log(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    assert make_app_at(sqlite_url).logger.name == "api"


def test_as_many_proxies_are_believed_as_are_trusted(
    make_app_at: Callable[..., Flask], sqlite_url: str
) -> None:
    """Two proxies are trusted, and the page's origin is the service's own as they report it."""
    someone = Someone(make_app_at(sqlite_url, trusted_proxies=2).test_client())
    ada = someone.signs_in("ada", PASSWORD)
    assert someone.signs_up("ada", PASSWORD).status_code == 200
    seen = {"X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "x.org, inside"}
    for origin, expected in ("https://x.org", 201), ("http://x.org", 403), ("https://inside", 403):
        request = {"headers": seen | {"Origin": origin}}
        assert ada.gives_details(request, username="ada").status_code == expected


def test_passwords_are_hashed_as_the_settings_say(sqlite_url: str) -> None:
    app = create_app(Settings(database_url=sqlite_url, hashing_slots=2, hashing_timeout=7))
    passwords = app.extensions["passwords"]
    assert (passwords._number, passwords._timeout) == (2, 7)
    app.extensions["store"].close()


def test_settings_that_are_not_given_are_the_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'some.db'}")
    monkeypatch.setenv("DOCS_ENABLED", "false")
    app = create_app()
    engine = app.extensions["store"].database.engine
    assert engine.url.database == str(tmp_path / "some.db")
    assert app.test_client().get("/docs").status_code == 404
    engine.dispose()
