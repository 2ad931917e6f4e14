"""Each kind of input: instances of schemas, arrays, optional bodies, files, bytes and cookies."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields
from openapi_spec_validator import validate

from api.contract import JSON, Body, File, Reply, Upload, document, operation
from tests.contract.adopted import DONE, REFUSAL, Note, small

REPLIES = {**DONE, 400: REFUSAL, 415: REFUSAL}
NOTE = {"text": "Buy milk", "secret": "sesame"}


def serve(
    answer: Callable[..., ResponseReturnValue], **inputs: Any
) -> tuple[FlaskClient, dict[str, Any]]:
    """Return a client of an app with one operation, and the document of that."""
    app = small()
    app.post("/it")(operation(REPLIES, **inputs)(answer))
    printed = document(app)
    validate(printed)
    return app.test_client(), printed


def body_of(printed: dict[str, Any]) -> Any:
    return printed["paths"]["/it"]["post"]["requestBody"]


def test_a_schema_may_be_an_instance() -> None:
    client, printed = serve(lambda json: json, json=Note(partial=True, exclude=["secret"]))
    assert client.post("/it", json={}).json == {}
    assert client.post("/it", json={"text": 1}).status_code == 400
    media_type = body_of(printed)["content"][JSON]
    assert media_type["schema"] == {"$ref": "#/components/schemas/PartialNoteWithoutSecret"}
    assert media_type["example"] == {"text": "Buy milk"}
    assert "required" not in printed["components"]["schemas"]["PartialNoteWithoutSecret"]


def test_each_variant_of_a_schema_is_a_component_with_a_name_of_its_own() -> None:
    app = small()
    read = {200: Reply(description="It.", content={JSON: Body(Note(only=["id", "text"]))})}
    app.post("/it")(operation(read, json=Note)(lambda json: {"id": 1, "text": json["text"]}))
    printed = document(app)
    assert list(printed["components"]["schemas"]) == ["Note", "NoteWithIdText"]
    assert app.test_client().post("/it", json=NOTE).json == {"id": 1, "text": "Buy milk"}


def test_a_body_may_be_an_array() -> None:
    client, printed = serve(lambda json: json, json=Note(many=True))
    assert client.post("/it", json=[NOTE, NOTE]).json == [NOTE, NOTE]
    for wrong in NOTE, [1], [{"text": 1}]:
        assert client.post("/it", json=wrong).status_code == 400
    assert body_of(printed)["content"][JSON] == {
        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}},
        "example": [NOTE],
    }


def test_a_body_may_be_optional() -> None:
    client, printed = serve(lambda json: {"is": json}, json=Note, body_required=False)
    assert client.post("/it").json == {"is": None}
    assert client.post("/it", json=NOTE).json == {"is": NOTE}
    assert client.post("/it", content_type=JSON).status_code == 400
    assert client.post("/it", data=b"x").status_code == 415
    assert body_of(printed)["required"] is False


def test_a_body_may_be_bytes_of_several_media_types() -> None:
    kinds = {"image/png": Body({}), "text/csv": Body({"type": "string"}, "a,b")}
    client, printed = serve(lambda data: {"size": len(data)}, data=kinds)
    for media_type in kinds:
        assert client.post("/it", data=b"\xff\0", content_type=media_type).json == {"size": 2}
    assert client.post("/it", data=b"x", content_type="image/gif").status_code == 415
    assert body_of(printed)["content"] == {
        "image/png": {"schema": {}},
        "text/csv": {"schema": {"type": "string"}, "example": "a,b"},
    }


class Picture(Schema):
    """A form with a file."""

    title = fields.String(required=True, metadata={"examples": ["Sea"]})
    file = File(required=True, metadata={"examples": ["\x89PNG"]})
    more = fields.List(File(), metadata={"examples": [[]]})


def test_a_form_may_have_files() -> None:
    def store(form: dict[str, Any]) -> ResponseReturnValue:
        files: list[Upload] = [form["file"], *form.get("more", [])]
        return [[file.filename, file.content_type, file.data.decode()] for file in files]

    client, printed = serve(store, form=Picture)

    def files(*texts: str) -> list[Any]:
        return [(BytesIO(text.encode()), f"{text}.txt") for text in texts]

    sent = {"title": "Sea", "file": files("a"), "more": files("b", "c")}
    texts = [[f"{text}.txt", "text/plain", text] for text in "abc"]
    assert client.post("/it", data=sent).json == texts
    assert client.post("/it", data={"title": "Sea", "file": files("a")}).json == texts[:1]
    for wrong in {"file": "text"}, {"file": files("a", "b")}, {"file": files("a"), "more": "b"}:
        sent = {"title": "Sea", **wrong}
        assert client.post("/it", data=sent, content_type="multipart/form-data").status_code == 400
    title = {"title": files("a"), "file": files("b")}
    assert client.post("/it", data=title).status_code == 400
    assert client.post("/it", data={"title": "Sea"}).status_code == 415
    assert list(body_of(printed)["content"]) == ["multipart/form-data"]
    binary = {"type": "string", "format": "binary"}
    properties = printed["components"]["schemas"]["Picture"]["properties"]
    assert properties["file"] == binary | {"examples": ["\x89PNG"]}
    assert properties["more"]["items"] == binary


class Taste(Schema):
    """The cookies of an operation."""

    theme = fields.String(required=True, metadata={"examples": ["dark"]})
    size = fields.Integer(strict=True, metadata={"examples": [3]})


@pytest.mark.parametrize(
    ("sent", "status"),
    [("theme=dark; size=3; other=1", 200), ("size=3", 400), ("theme=dark; size=x", 400)],
)
def test_cookies_are_parameters(sent: str, status: int) -> None:
    client, printed = serve(lambda cookies: cookies, cookies=Taste)
    client = client.application.test_client(use_cookies=False)
    answer = client.post("/it", headers={"Cookie": sent})
    assert answer.status_code == status
    assert status != 200 or answer.json == {"theme": "dark", "size": 3}
    parameters = printed["paths"]["/it"]["post"]["parameters"]
    assert [(p["in"], p["name"], p["required"]) for p in parameters] == [
        ("cookie", "theme", True),
        ("cookie", "size", False),
    ]
