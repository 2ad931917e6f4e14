from fastapi.testclient import TestClient
from main import app

client = TestClient(app)


def test_a_note_is_read():
    assert client.get("/notes/1").json() == {"text": "Buy milk"}


def test_an_unknown_note_is_not_found():
    assert client.get("/notes/2").status_code == 404


def test_another_id_is_refused():
    assert client.get("/notes/one").status_code == 422
