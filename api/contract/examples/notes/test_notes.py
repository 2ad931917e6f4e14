import json

import pytest

TEXTS = "", "x" * 81, 1, None
INVALID = [None, {}, {"text": "x", "id": 1}, *({"text": text} for text in TEXTS)]


@pytest.mark.parametrize("text", ["x", "x" * 80])
def test_a_note_is_stored(client, text):
    response = client.post("/notes", json={"text": text})
    assert (response.status_code, response.json) == (201, {"id": 1, "text": text})


@pytest.mark.parametrize("body", INVALID)
def test_an_invalid_note_is_refused(client, body):
    response = client.post("/notes", data=json.dumps(body), content_type="application/json")
    assert response.status_code == 400


@pytest.mark.parametrize(("body", "media_type"), [("", None), ("{}", "text/plain")])
def test_a_body_that_is_not_json_is_refused(client, body, media_type):
    assert client.post("/notes", data=body, content_type=media_type).status_code == 415


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "PATCH", "PUT", "TRACE"])
def test_other_methods_are_refused(client, method):
    assert client.open("/notes", method=method).status_code == 405
