"""Each kind of view that Flask has: the gate finds its operation, and so does the document."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest
from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue
from flask.views import MethodView, View
from openapi_spec_validator import validate

from api.contract import PLAIN, Body, Reply, UndeclaredResponse, document, operation
from tests.contract.adopted import DONE, Key, small

ALLOWED = {200: Reply(description="The methods.", content={PLAIN: Body({})})}


def ids(app: Flask) -> dict[str, str]:
    """Return the operationId of each method and path of the valid document."""
    printed = document(app)
    validate(printed)
    return {
        f"{method.upper()} {path}": operation_object["operationId"]
        for path, item in printed["paths"].items()
        for method, operation_object in item.items()
    }


def twice(view: Callable[..., Any]) -> Callable[..., Any]:
    """Add an argument, as decorators of extensions do."""

    @wraps(view)
    def called(*bound: Any, **arguments: Any) -> Any:
        return view(*bound, times=2, **arguments)

    return called


def show_id(id: int) -> ResponseReturnValue:
    return {"id": id}


class Notes(MethodView):
    """A class-based view with an operation for each method."""

    def __init__(self, name: str) -> None:
        self.name = name

    @operation(DONE)
    def get(self, id: int | None = None) -> ResponseReturnValue:
        """Read one note, or all."""
        return {"name": self.name, "id": id}

    @twice
    @operation(DONE, path=Key)
    def delete(self, id: int, times: int) -> ResponseReturnValue:
        return {"id": id, "times": times}, 200 if id else 410


def test_a_method_of_a_class_is_an_operation() -> None:
    app = small()
    app.add_url_rule("/notes", view_func=Notes.as_view("notes", "all"), methods=["GET"])
    app.add_url_rule("/notes/<int:id>", view_func=Notes.as_view("note", "one"), methods=["DELETE"])
    client = app.test_client()
    assert client.get("/notes").json == {"name": "all", "id": None}
    assert client.head("/notes").status_code == 200
    assert client.delete("/notes/7").json == {"id": 7, "times": 2}
    with pytest.raises(UndeclaredResponse, match="DELETE note, 410"):
        client.delete("/notes/0")
    assert ids(app) == {"GET /notes": "getNotes", "DELETE /notes/{id}": "deleteNotes"}


def test_a_class_without_methods_of_http_has_one_operation() -> None:
    class Ping(View):
        @operation(DONE, operation_id="ping")
        def dispatch_request(self) -> ResponseReturnValue:
            return {"pong": True}

    class Decorated(View):
        decorators = [operation(DONE), twice]  # noqa: RUF012

        def dispatch_request(self, times: int = 1) -> ResponseReturnValue:
            return {"times": times}

    app = small()
    app.add_url_rule("/ping", view_func=Ping.as_view("ping"))
    Decorated.decorators.reverse()
    app.add_url_rule("/decorated", view_func=Decorated.as_view("decorated"))
    client = app.test_client()
    assert client.get("/ping").json == {"pong": True}
    assert client.get("/decorated").json == {"times": 2}
    assert ids(app) == {"GET /ping": "ping", "GET /decorated": "decorated"}


def test_decorators_may_stand_above_an_operation() -> None:
    app = small()

    @app.get("/it")
    @twice
    @operation(DONE)
    def it(times: int) -> ResponseReturnValue:
        return {"times": times}, 202 if "bad" in request.args else 200

    assert app.test_client().get("/it").json == {"times": 2}
    with pytest.raises(UndeclaredResponse, match="202"):
        app.test_client().get("/it?bad")
    assert ids(app) == {"GET /it": "it"}


def test_an_async_view_is_run_as_flask_runs_it() -> None:
    app = small()
    app.async_to_sync = run_at_once  # type: ignore[method-assign,assignment]

    @app.get("/it")
    @operation(DONE)
    async def it() -> ResponseReturnValue:
        return {"done": True}

    class Later(MethodView):
        @operation(DONE)
        async def get(self) -> ResponseReturnValue:
            return {"done": type(self).__name__}

    app.add_url_rule("/later", view_func=Later.as_view("later"))
    assert app.test_client().get("/it").json == {"done": True}
    assert app.test_client().get("/later").json == {"done": "Later"}


def run_at_once(view: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of a coroutine that awaits nothing, in place of asgiref."""

    def run(*bound: Any, **arguments: Any) -> Any:
        with pytest.raises(StopIteration) as stopped:
            view(*bound, **arguments).send(None)
        return stopped.value.value

    return run


def test_without_asgiref_flask_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asgiref.sync", None)
    app = small()

    @app.get("/it")
    @operation(DONE)
    async def it() -> ResponseReturnValue:
        return {}

    with pytest.raises(RuntimeError, match="'async' extra"):
        app.test_client().get("/it")


def test_a_view_may_have_several_rules_and_methods() -> None:
    app = small()
    view = operation(
        DONE,
        path=Key,
        operation_id={"GET /notes": "listNotes", "GET /notes/{id}": "getNote"},
    )(show_id)
    app.add_url_rule("/notes", "notes", view, defaults={"id": 0}, methods=["GET", "PUT"])
    app.add_url_rule("/notes/<int:id>", "note", view)
    client = app.test_client()
    assert (client.get("/notes").json, client.put("/notes").json) == ({"id": 0}, {"id": 0})
    assert client.get("/notes/3").json == {"id": 3}
    assert ids(app) == {
        "GET /notes": "listNotes",
        "PUT /notes": "putShowId",
        "GET /notes/{id}": "getNote",
    }
    printed = document(app)["paths"]
    assert "parameters" not in printed["/notes"]["get"]
    assert [p["name"] for p in printed["/notes/{id}"]["get"]["parameters"]] == ["id"]


def test_a_view_may_answer_options_itself() -> None:
    app = small()
    view = operation(ALLOWED, operation_id="options")(lambda: ("GET", {"Content-Type": PLAIN}))
    app.add_url_rule("/it", "it", view, methods=["OPTIONS"])
    assert app.test_client().options("/it").text == "GET"
    assert ids(app) == {"OPTIONS /it": "options"}


def test_blueprints_may_have_parameters_and_parents() -> None:
    parent = Blueprint("old_notes", __name__, url_prefix="/of/<int:id>")
    child = Blueprint("parts", __name__, url_prefix="/parts")
    child.get("/")(operation(DONE, path=Key)(show_id))
    child.get("/last", endpoint="last")(
        operation(DONE, path=Key, operation_id="last", tags=["Last"])(show_id)
    )
    parent.register_blueprint(child)
    app = small()
    app.register_blueprint(parent)
    assert app.test_client().get("/of/3/parts/").json == {"id": 3}
    assert list(ids(app)) == ["GET /of/{id}/parts/", "GET /of/{id}/parts/last"]
    printed = document(app)
    tags = [item["get"]["tags"] for item in printed["paths"].values()]
    assert tags == [["Old notes parts"], ["Last"]]
    assert [tag["name"] for tag in printed["tags"]] == ["Old notes parts"]
