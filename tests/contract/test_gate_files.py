"""The gate doesn't read streamed bodies. Redirects and conditional responses pass if declared."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, Response, redirect, request, send_file
from flask.typing import ResponseReturnValue

from api.contract import PLAIN, Body, Gate, Header, Reply, UndeclaredResponse, message, operation

ANY = Header({"type": "string"})
STAMPS = {"ETag": ANY, "Cache-Control": ANY, "Content-Disposition": ANY, "Accept-Ranges": ANY}
DATED = STAMPS | {"Last-Modified": Header({"type": "string"}, required=False)}
PART = DATED | {"Content-Range": Header({"type": "string", "pattern": "^bytes 0-1/4$"})}
FILE = {PLAIN: Body({"type": "string"})}
WHOLE = Reply(description="The file.", content=FILE, headers=DATED)
UNCHANGED = Reply(description="It is known.", headers=STAMPS)
LED = Reply(
    description="Elsewhere.",
    headers={"Location": Header({"type": "string", "format": "uri-reference"})},
)

MakeApp = Callable[..., Flask]


def make(view: Callable[[], ResponseReturnValue], replies: dict[int, Reply]) -> Flask:
    app = Flask("small")
    Gate(app)
    app.get("/it")(operation(replies)(view))
    app.testing = True
    return app


@pytest.fixture
def send(tmp_path: Path) -> Callable[[], ResponseReturnValue]:
    """A view that sends a file of four bytes with Flask's `send_file`."""
    file = tmp_path / "four.txt"
    file.write_text("four")
    return lambda: send_file(file, as_attachment=True)


@pytest.mark.parametrize(("method", "content"), [("GET", "four"), ("HEAD", "")])
def test_a_file_passes_unread_and_conditional_requests_get_304(
    send: Callable[[], ResponseReturnValue], method: str, content: str
) -> None:
    part = Reply(description="A part.", content=FILE, headers=PART)
    client = make(send, {200: WHOLE, 206: part, 304: UNCHANGED}).test_client()
    file = client.open("/it", method=method, buffered=True)
    assert (file.status_code, file.mimetype, file.text) == (200, PLAIN, content)
    known = {"If-None-Match": file.headers["ETag"]}
    kept = client.open("/it", method=method, buffered=True, headers=known)
    assert kept.status_code == 304 and kept.content_type is None and not kept.data
    part_of_it = {"Range": "bytes=0-1"}
    ranged = client.open("/it", method=method, buffered=True, headers=part_of_it)
    assert (ranged.status_code, ranged.text) == (206, content[:2])


def test_a_file_that_is_not_declared_is_refused(send: Callable[[], ResponseReturnValue]) -> None:
    client = make(send, {200: WHOLE}).test_client()
    etag = client.get("/it", buffered=True).headers["ETag"]
    with pytest.raises(UndeclaredResponse, match=r"304.*the status is not declared"):
        client.get("/it", headers={"If-None-Match": etag})
    with pytest.raises(UndeclaredResponse, match=r"206.*the status is not declared"):
        client.get("/it", headers={"Range": "bytes=0-1"})
    page = Reply(description="A page.", content={"text/html": Body({})}, headers=DATED)
    with pytest.raises(UndeclaredResponse, match="the media type text/plain is not declared"):
        make(send, {200: page}).test_client().get("/it")


def test_a_stream_is_not_read_by_the_gate() -> None:
    read = []

    def lines() -> Iterator[str]:
        for line in "one", "two":
            read.append(line)
            yield line

    def stream() -> Response:
        return Response(lines(), mimetype=PLAIN)

    # Even if the body's text is declared, because it isn't known before it is streamed.
    app = make(stream, {200: message("onetwo", "All of it.")})

    @app.after_request
    def look(response: Response) -> Response:
        assert response.is_streamed and not read
        return response

    assert app.test_client().get("/it").text == "onetwo"


def test_a_conditional_answer_passes_where_it_is_declared() -> None:
    def view() -> Response:
        response = Response("four", mimetype=PLAIN)
        response.add_etag()
        response.make_conditional(request)
        return response

    headers = {"ETag": ANY}
    whole = Reply(description="The text.", content=FILE, headers=headers)
    app = make(view, {200: whole, 304: Reply(description="It is known.", headers=headers)})
    etag = app.test_client().get("/it").headers["ETag"]
    known = app.test_client().get("/it", headers={"If-None-Match": etag})
    assert (known.status_code, known.headers["ETag"], known.data) == (304, etag, b"")
    with pytest.raises(UndeclaredResponse, match=r"412.*the status is not declared"):
        app.test_client().get("/it", headers={"If-Match": '"other"'})


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_redirect_passes_where_it_is_declared_and_is_refused_where_not(method: str) -> None:
    def lead() -> ResponseReturnValue:
        return redirect("/there?x=%C3%B6", 303)

    led = make(lead, {303: LED}).test_client().open("/it", method=method)
    assert (led.status_code, led.headers["Location"], led.text) == (303, "/there?x=%C3%B6", "")
    assert led.content_type is None
    for replies, said in [
        ({302: LED}, "the status is not declared"),
        ({303: Reply(description="Elsewhere.")}, "the header Location is not declared"),
    ]:
        with pytest.raises(UndeclaredResponse, match=said):
            make(lead, replies).test_client().open("/it", method=method)
    with pytest.raises(UndeclaredResponse, match="Location is 'there it is'"):
        make(lambda: ("", 303, {"Location": "there it is"}), {303: LED}).test_client().get("/it")


def test_content_is_refused_where_none_is_declared() -> None:
    gone = Reply(description="Gone.")
    assert make(lambda: ("", 410), {410: gone}).test_client().get("/it").content_type is None
    with pytest.raises(UndeclaredResponse, match="the media type text/html is not declared"):
        make(lambda: ("Gone", 410), {410: gone}).test_client().get("/it")
