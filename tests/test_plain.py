"""What is read the short way is read as gunicorn reads it, word for word, or isn't plain."""

from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser
from gunicorn_h1c import H1CProtocol

from api.plain import PlainReader

SERVER, CLIENT = ("127.0.0.1", 5000), ("127.0.0.1", 40000)
OF_EACH_WAY = {"wsgi.input", "wsgi.errors", "gunicorn.socket", "wsgi.early_hints"}
NO_SOCKET: Any = None
CONFIG = Config()
for name, value in {
    "http_parser": "python",
    "forwarded_allow_ips": "",
    "forwarder_headers": "",
    "secure_scheme_headers": {},
}.items():
    CONFIG.set(name, value)
READER = PlainReader(SERVER, CONFIG)


def read_plainly(request: bytes) -> tuple[bool, dict[str, Any]] | None:
    """Whether the connection closes, and the environ, if the request is plain."""
    body = bytearray()
    parser = H1CProtocol(on_body=body.extend)
    try:
        parser.feed(request)
    except Exception:
        return None
    plain = parser.is_complete and READER.read(parser, request, bytes(body), CLIENT)
    return (plain[0].should_close(), plain[1]) if plain else None


def read_fully(request: bytes) -> tuple[bool, dict[str, Any]]:
    """The same by gunicorn. Raises what it does."""
    whole: Any = RequestParser(CONFIG, iter([request]), CLIENT)
    read = next(whole)
    environ: Any
    _, environ = wsgi.create(read, NO_SOCKET, CLIENT, SERVER, CONFIG)
    environ["wsgi.multithread"] = True
    return read.should_close(), environ


def assert_the_same(request: bytes) -> bool:
    """Whether the request is plain; if it is, both ways lead to the same."""
    plain = read_plainly(request)
    if plain is None:
        return False
    fully = read_fully(request)
    bodies = [environ.pop("wsgi.input").read() for _, environ in (plain, fully)]
    words = [
        {key: value for key, value in environ.items() if key not in OF_EACH_WAY}
        for _, environ in (plain, fully)
    ]
    assert bodies[0] == bodies[1]
    assert words[0] == words[1]
    assert plain[0] == fully[0]
    return True


def request_of(line: str = "GET / HTTP/1.1", *headers: str, body: str = "") -> bytes:
    return "\r\n".join([line, "Host: localhost", *headers, "", body]).encode("latin-1")


FORM = ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 3"]
PLAIN = {
    "a page": request_of("GET /docs/a-b_c~d.css HTTP/1.1", "Accept: */*", "User-Agent: a"),
    "a query": request_of("GET /userDetails?a=b%20c&d=+e HTTP/1.1"),
    "an empty query": request_of("GET /docs? HTTP/1.1"),
    "a form": request_of("POST /userDetails HTTP/1.1", *FORM, body="a=b"),
    "names in any case": request_of("GET / HTTP/1.1", "ACCEPT: a", "x-ForWarded-fOR: b"),
    "space around a value": request_of("GET / HTTP/1.1", "Accept: \t a b\t ", "Origin:null"),
    "values that are empty": request_of("GET / HTTP/1.1", "Accept:", "Origin: \t"),
    "a value beyond ASCII": request_of("GET / HTTP/1.1", "Cookie: a=\xe9\xff", "Referer: \x80"),
    "closing": request_of("DELETE /a/b HTTP/1.1", "Connection: Close"),
    "staying": request_of("HEAD / HTTP/1.1", "Connection: keep-alive"),
    "a body with GET": request_of("GET / HTTP/1.1", "Content-Length: 2", body="hi"),
}
ODD = {
    "an empty line before": b"\r\n" + request_of(),
    "two spaces": request_of("GET  / HTTP/1.1"),
    "two spaces further on": request_of("GET /  HTTP/1.1"),
    "another method": request_of("PUT / HTTP/1.1"),
    "HTTP/1.0": request_of("GET / HTTP/1.0"),
    "an encoded path": request_of("GET /a%2Fb HTTP/1.1"),
    "a double slash": request_of("GET //a HTTP/1.1"),
    "a slash at the end": request_of("GET /a/ HTTP/1.1"),
    "a whole address": request_of("GET http://localhost/ HTTP/1.1"),
    "a fragment": request_of("GET /#a HTTP/1.1"),
    "two of a name": request_of("GET / HTTP/1.1", "Accept: a", "Accept: b"),
    "two hosts": request_of("GET / HTTP/1.1", "Host: b"),
    "two lengths": request_of("POST / HTTP/1.1", *FORM, FORM[1], body="a=b"),
    "an underscore": request_of("GET / HTTP/1.1", "Content_Length: 1", "X_Forwarded_For: a"),
    "a name that isn't known": request_of("GET / HTTP/1.1", "X-Unknown: a"),
    "chunks": request_of("POST / HTTP/1.1", "Transfer-Encoding: chunked", body="0\r\n\r\n"),
    "an expectation": request_of("POST / HTTP/1.1", "Expect: 100-continue", *FORM, body="a=b"),
    "an upgrade": request_of("GET / HTTP/1.1", "Connection: upgrade", "Upgrade: h2c"),
    "two wishes": request_of("GET / HTTP/1.1", "Connection: close, keep-alive"),
    "another request after it": request_of() * 2,
    "less than all": request_of("POST / HTTP/1.1", *FORM, body="a="),
}


@pytest.mark.parametrize("request_", PLAIN.values(), ids=PLAIN)
def test_what_nearly_all_send_is_plain_and_read_the_same(request_: bytes) -> None:
    assert assert_the_same(request_)


@pytest.mark.parametrize("length", [3990, 4094, 4095, 8190, 8191, 9000])
def test_what_is_too_long_for_gunicorn_is_never_plain(length: int) -> None:
    line = "GET / HTTP/1.1".replace("/ ", "/".ljust(length - 13, "a") + " ")
    assert len(line) == length
    field = "Accept:".ljust(length - 3) + "a"
    for request in (request_of(line), request_of("GET / HTTP/1.1", field + " ")):
        assert_the_same(request)


@pytest.mark.parametrize("request_", ODD.values(), ids=ODD)
def test_what_is_odd_is_left_to_gunicorn(request_: bytes) -> None:
    assert read_plainly(request_) is None
