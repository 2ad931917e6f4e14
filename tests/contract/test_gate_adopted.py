"""An app whose views are declared one after another."""

import logging
from pathlib import Path

import pytest
from flask import Blueprint, Flask

from api.contract import HTML, Body, Gate, Header, Reply, UndeclaredResponse, document, operation
from tests.contract.adopted import DONE, small


def make(folder: Path, *, strict: bool) -> Flask:
    """Return an app with one declared view, an undeclared one, and files."""
    app = Flask("small", static_folder=str(folder), static_url_path="/static")
    app.testing = True
    Gate(app, strict=strict, common_headers={"X-Shape": Header.constant("round")})
    (folder / "it.txt").write_text("It.")
    files = Blueprint(
        "files", __name__, url_prefix="/more", static_folder=str(folder), static_url_path="/static"
    )
    app.register_blueprint(files)
    app.get("/declared")(operation(DONE)(lambda: ({}, 202 if not strict else 200)))
    app.route("/old/", methods=["GET", "POST"], endpoint="old")(lambda: "Old.")
    return app


def test_views_that_are_not_declared_pass_and_are_listed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = make(tmp_path, strict=False)
    client = app.test_client()
    for method, path, status in [
        *[("GET", "/old/", 200), ("POST", "/old/", 200), ("OPTIONS", "/old/", 200)],
        *[("GET", "/old", 308), ("PUT", "/old/", 405), ("GET", "/nothing", 404)],
        *[("GET", "/static/it.txt", 200), ("GET", "/more/static/it.txt", 200)],
    ]:
        answer = client.open(path, method=method, buffered=True)
        assert (answer.status_code, answer.headers["X-Shape"]) == (status, "round"), path
    with pytest.raises(UndeclaredResponse, match="202"):
        client.get("/declared")
    gate: Gate = app.extensions["contract"]
    assert gate.undeclared_views() == ["GET /old/ (old)", "POST /old/ (old)"]
    with caplog.at_level(logging.WARNING):
        assert list(document(app)["paths"]) == ["/declared"]
    assert caplog.messages == ["These views aren't declared: GET /old/ (old), POST /old/ (old)."]


def test_a_strict_gate_refuses_them_and_the_document_too(tmp_path: Path) -> None:
    app = make(tmp_path, strict=True)
    client = app.test_client()
    assert client.get("/declared").status_code == 200
    assert client.get("/static/it.txt", buffered=True).text == "It."
    with pytest.raises(UndeclaredResponse, match="put @operation below its route"):
        client.get("/old/")
    for method, path in ("OPTIONS", "/old/"), ("GET", "/old"), ("GET", "/nothing"):
        with pytest.raises(UndeclaredResponse, match=r"the status is not declared$"):
            client.open(path, method=method)
    with pytest.raises(
        ValueError, match=r"GET /old/ \(old\), POST /old/ \(old\)[.] Put @operation"
    ):
        document(app)


def test_redirects_to_a_trailing_slash_pass_a_strict_gate_where_declared() -> None:
    led = Reply(
        description="Elsewhere.", content={HTML: Body({})}, headers={"Location": Header({})}
    )
    app = small(unrouted_replies={308: led})
    app.get("/notes/")(operation(DONE)(dict))
    answer = app.test_client().get("/notes", follow_redirects=True)
    assert (answer.status_code, answer.request.path) == (200, "/notes/")
    assert list(document(app)["paths"]) == ["/notes/"]
