"""The docs: each file has its media type and is cached for an hour; no other file is served."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from api.config import Settings
from api.contract.docs import _ASSETS
from tests.actor import assert_problem
from tests.operations import FILE

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def service(sqlite_url: str) -> Flask:
    app = create_app(Settings(database_url=sqlite_url))
    app.testing = True
    return app


@pytest.fixture
def client(service: Flask) -> FlaskClient:
    return service.test_client()


@pytest.mark.parametrize(
    ("name", "media_type", "first"),
    [
        ("docs.css", "text/css; charset=utf-8", b""),
        ("start.js", "text/javascript; charset=utf-8", b""),
        ("swagger-ui.css", "text/css; charset=utf-8", b""),
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8", b""),
        ("favicon-32x32.png", "image/png", b"\x89PNG"),
    ],
)
def test_each_file_of_the_page_is_sent_as_what_it_is_and_kept_for_an_hour(
    client: FlaskClient, name: str, media_type: str, first: bytes
) -> None:
    sent = client.get(f"/docs/{name}")
    assert (sent.status_code, sent.content_type) == (200, media_type)
    assert sent.headers["Cache-Control"] == "public, max-age=3600"
    assert len(sent.data) > 100 and sent.data.startswith(first)


@pytest.mark.parametrize("name", ["docs.html", "index.html", "..", "%2e%2e", "start.js/"])
def test_no_other_file_is_sent(client: FlaskClient, name: str) -> None:
    assert client.get(f"/docs/{name}").status_code == 404


def test_the_page_is_html_and_loads_from_here_alone(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.text.startswith("<!doctype html>") or page.text.startswith("<!DOCTYPE html>")


def test_switched_off_neither_the_page_nor_a_file_nor_the_document_is_there(
    service: Flask, sqlite_url: str
) -> None:
    rules = [rule for rule in service.url_map.iter_rules() if rule.endpoint.startswith("docs.")]
    paths = {re.sub("<.*>", name, rule.rule) for rule in rules for name in _ASSETS}
    assert len(paths) == 4 + len(_ASSETS)
    without = create_app(Settings(database_url=sqlite_url, docs_enabled=False))
    without.testing = True
    for path in sorted(paths):
        assert service.test_client().get(path).status_code in (200, 302), path
        refused = without.test_client().get(path)
        assert_problem(refused, 404)
        # The root doesn't redirect to the docs either.
        assert not any(other in refused.text for other in paths - {"/"}), path
    assert without.test_client().get("/livez").status_code == 200
    for app in service, without:
        app.extensions["store"].close()


def test_the_root_leads_to_the_docs(client: FlaskClient) -> None:
    led = client.get("/")
    assert (led.status_code, led.headers["Location"], led.data) == (302, "/docs", b"")


def test_the_document_is_served_as_json_and_yaml_and_printed_once(
    service: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_yaml = client.get("/openapi.yaml", base_url="http://localhost:5000")
    assert (as_yaml.content_type, as_yaml.data) == ("application/yaml", FILE.read_bytes())
    monkeypatch.setattr("api.contract.docs.document", None)
    assert client.get("/openapi.json").content_type == "application/json"
    again = client.get("/openapi.yaml", base_url="http://localhost:5000")
    assert again.data == as_yaml.data
    service.extensions["store"].close()
