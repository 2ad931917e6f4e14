"""The docs page of an app that has nothing of the service."""

import json
import sys
from importlib.util import find_spec, module_from_spec
from typing import Any

import pytest
import yaml
from flask import Flask, request
from playwright.sync_api import Browser
from werkzeug.exceptions import HTTPException, Unauthorized

from api.contract import JSON, Body, Credentials, Gate, Reply, operation
from api.contract.docs import docs_pages
from tests.browser import new_page, serving
from tests.docs_page import Docs


def session() -> str:
    if "session" not in request.cookies:
        raise Unauthorized
    return request.cookies["session"]


SESSION = Credentials("session", {"type": "apiKey", "in": "cookie", "name": "session"}, session)
TABLE = dict.fromkeys(["text/csv", "text/plain"], Body({"type": "string"}, "1,2\n"))
ERROR: Any = {JSON: Body({"type": "object"}, {})}


def make(**about: Any) -> Flask:
    """Return an app with errors of its own, and a table that only signed-in users get."""
    app = Flask("tables", static_folder=None)
    Gate(app, about=about, unrouted_replies={404: Reply(description="No.", content=ERROR)})
    app.register_error_handler(HTTPException, lambda error: ({"error": error.name}, error.code))
    app.register_blueprint(docs_pages())
    app.testing = True
    replies = {
        200: Reply(description="The table.", content=TABLE),
        401: Reply(description="Sign in.", content=ERROR),
        406: Reply(description="It is CSV.", content=ERROR),
    }

    @app.get("/user/table")
    @operation(replies, credentials=SESSION)
    def read_table(account: str) -> tuple[str, int, dict[str, str]]:
        """Read the table."""
        return f"{account},2\n", 200, {"Content-Type": "text/csv; charset=utf-8"}

    return app


def test_the_page_has_the_title_of_the_document() -> None:
    page = make(info={"title": "Tables & <more>", "version": "1"}).test_client().get("/docs")
    assert "<title>Tables &amp; &lt;more&gt;</title>" in page.text
    assert "<title>tables</title>" in make().test_client().get("/docs").text


def test_an_unknown_file_and_a_home_that_is_not_asked_for_get_the_apps_own_404() -> None:
    client = make().test_client()
    for path in "/docs/docs.html", "/docs/", "/":
        assert client.get(path).get_json() == {"error": "Not Found"}, path


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("example.org:", "http://example.org"),
        ("[::1]:5000", "http://[::1]:5000"),
        ('a"b\\: #', "http://a%22b%5C:%20%23"),
        ("ä", "http://%C3%A4"),
    ],
)
def test_no_host_breaks_the_document(host: str, url: str) -> None:
    others = [{"url": "https://old.example", "description": "Ours."}, {"url": "/v2"}]
    for app, servers in (
        (make(), [{"url": url}]),
        (make(servers=others), [{**others[0], "url": url}, others[1]]),
    ):
        client = app.test_client()
        as_json, as_yaml = (
            client.get(f"/openapi.{kind}", environ_overrides={"HTTP_HOST": host}).text
            for kind in ("json", "yaml")
        )
        assert json.loads(as_json) == yaml.safe_load(as_yaml)
        assert json.loads(as_json)["servers"] == servers


def test_without_its_optional_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask_swagger_ui", None)
    spec = find_spec("api.contract.docs")
    assert spec and spec.loader
    with pytest.raises(ImportError, match="needs another package: flask-swagger-ui"):
        spec.loader.exec_module(module_from_spec(spec))


@pytest.mark.long
def test_a_session_and_an_operation_without_json_work_in_the_page(
    browser: Browser,
) -> None:
    with serving(make()) as service, new_page(browser) as page:
        page.context.add_cookies([{"name": "session", "value": "ada", "url": service.url}])
        docs = Docs(page, service.url)
        answer = docs.tries("readTable")
        assert (answer.status, answer.text(), docs.noise) == (200, "ada,2\n", [])
