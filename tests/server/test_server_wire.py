"""The server's responses to raw bytes that no client library would send."""

import json
import socket
import time
from pathlib import Path

import pytest

from api.errors import UNROUTED_REPLIES
from api.security.browsers import COMMON_HEADERS
from tests.serving import Server, serving

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = f"{FORM}Transfer-Encoding: chunked\r\n\r\n"
WHOLE = "username={}&password=an+otter+counts+nine+moons&lastname=king"


def request_last(server: Server, request: str) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes, close the sending side, and return the first response."""
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body[: int(headers.get("content-length", "0"))]


def chunk(text: str) -> str:
    return f"{len(text):x}\r\n{text}\r\n"


BROKEN = {
    "a chunk that is cut short": "50\r\n" + WHOLE,
    "a chunk size that is none": chunk(WHOLE) + "zz\r\n",
    "no last chunk": chunk(WHOLE),
    "a chunk without its end": f"{len(WHOLE):x}\r\n{WHOLE}5\r\nabcde\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("path", ["/userDetails", "/userSignUp"])
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_an_incomplete_body_is_refused(server: Server, path: str, body: str) -> None:
    """Checklist 10: also after the limit on passwords has read the body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{CHUNKED}"
    status, headers, answer = request_last(server, head + body.format("broken"))
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert "Send the body whole" in json.loads(answer)["detail"]


def test_a_chunked_body_that_is_whole_is_a_form(server: Server) -> None:
    head = f"POST /userSignUp HTTP/1.1\r\nHost: localhost\r\n{CHUNKED}"
    assert request_last(server, head + chunk(WHOLE.format("chunked")) + "0\r\n\r\n")[0] == 200


GET = "GET /livez HTTP/1.1\r\n"
HOST = "Host: localhost\r\n"
REFUSED = {
    "a line that is none": (400, "nonsense\r\n\r\n"),
    "no host": (400, f"{GET}\r\n"),
    "a host that is none": (400, f"{GET}Host: a b\r\n\r\n"),
    "two hosts": (400, f"{GET}{HOST}{HOST}\r\n"),
    "two lengths": (
        400,
        f"POST /userSignUp HTTP/1.1\r\n{HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ),
    "a length and chunks": (
        400,
        f"POST /userSignUp HTTP/1.1\r\n{HOST}Content-Length: 1\r\n{CHUNKED}0\r\n\r\n",
    ),
    "a coding over chunks": (
        501,
        f"POST /userSignUp HTTP/1.1\r\n{HOST}{FORM}Transfer-Encoding: gzip, chunked\r\n\r\n",
    ),
    "an address that is too long": (414, f"GET /{'a' * 9000} HTTP/1.1\r\n{HOST}\r\n"),
    "an expectation that is unknown": (417, f"{GET}{HOST}Expect: banana\r\n\r\n"),
    "a header that is too large": (431, f"{GET}{HOST}X-Large: {'a' * 9000}\r\n\r\n"),
    "an unknown coding over chunks": (
        501,
        f"POST /userSignUp HTTP/1.1\r\n{HOST}{FORM}Transfer-Encoding: x-gzip, chunked\r\n\r\n",
    ),
    "a coding over chunks where no form is": (
        501,
        f"GET /livez HTTP/1.1\r\n{HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    **{
        f"{coding} without chunks": (
            400,
            f"POST /userSignUp HTTP/1.1\r\n{HOST}Transfer-Encoding: {coding}\r\n\r\n",
        )
        for coding in ("gzip", "x-gzip", "chunked, gzip", "chunked, x-gzip")
    },
}


@pytest.mark.parametrize(("status", "request_"), REFUSED.values(), ids=REFUSED)
def test_malformed_requests_are_refused_with_problems(
    server: Server, status: int, request_: str
) -> None:
    """Checklist 16 and 34, for responses that the server sends without the app."""
    answered, headers, body = request_last(server, request_)
    problem = json.loads(body)
    assert (answered, problem["status"]) == (status, status)
    assert headers["content-type"] == "application/problem+json"
    assert status in UNROUTED_REPLIES
    assert {name: headers.get(name.lower()) for name in COMMON_HEADERS} == {
        name: header.const for name, header in COMMON_HEADERS.items()
    }


SAYS_WHY = {
    "Send each header field as Name: value": [
        f"{HOST}Content-Type: a/b\r\nContent-Type: a/b\r\n",
        f"{HOST}Content-Length: 1\r\nContent-Length: 1\r\n",
        f"{HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        f"{HOST}Content-Length: 1, 1\r\n",
        f"{HOST}Transfer-Encoding: gzip\r\n",
        f"{HOST}{HOST}",
        f"{HOST}X: a\0b\r\n",
        f"{HOST}X\r\n",
    ],
    "Name header fields by letters": [
        f"{HOST}X : y\r\n",
        f"{HOST}X Y: z\r\n",
        f"{HOST}X\0: y\r\n",
        f" {HOST}",
    ],
    "Send each header field on one line": [f"{HOST}X: y\r\n z\r\n"],
    "Begin the request with METHOD /path": [f"{HOST}X: y"],
    "The request is malformed, or its Host is invalid.": ["", "Host: a b\r\n"],
}


@pytest.mark.parametrize("said", SAYS_WHY)
def test_a_refused_head_gets_a_fixed_message(server: Server, said: str) -> None:
    for head in SAYS_WHY[said]:
        end = "" if head.endswith("X: y") else "\r\n"
        status, _, body = request_last(server, f"POST /userSignUp HTTP/1.1\r\n{head}{end}")
        assert status == 400
        assert json.loads(body)["detail"].startswith(said), head


@pytest.mark.parametrize(
    "header", ["SCRIPT_NAME: //evil.example", "X-Forwarded-Proto: https", "X-Forwarded-Prefix: /x"]
)
def test_a_client_header_does_not_change_the_location(server: Server, header: str) -> None:
    request = f"GET / HTTP/1.1\r\n{HOST}{header}\r\n\r\n"
    status, headers, _ = request_last(server, request)
    assert (status, headers.get("location")) == (302, "/docs")


def test_a_stopping_server_refuses_connections_rather_than_letting_them_hang(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, {"WEB_CONCURRENCY": "1"}) as server:
        address = "127.0.0.1", int(server.url.rpartition(":")[2])
        with socket.create_connection(address, timeout=60) as inside:
            inside.sendall(
                f"POST /userDetails HTTP/1.1\r\n{HOST}{FORM}Content-Length: 28\r\n\r\n".encode()
            )
            server.process.terminate()
            refused = False
            for _ in range(600):
                try:
                    socket.create_connection(address, timeout=60).close()
                except ConnectionRefusedError:
                    refused = True
                    break
                time.sleep(0.05)
            assert refused
            inside.sendall(b"username=sam&lastname=king..")
            assert inside.recv(4096).startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(timeout=40) == 0
