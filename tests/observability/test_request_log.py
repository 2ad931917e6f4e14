"""The request log: one JSON line for each response, found by its request id."""

import json
import re
import sqlite3
import string
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.clients import HOST, LIVEZ, Client, post, request_once
from tests.measured import LoggedServer
from tests.records import COMMON_MEMBERS
from tests.serving import serving

NEW = re.compile("[0-9a-f]{32}")
ANY = string.ascii_letters + string.digits + "._-"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggedServer]:
    folder = tmp_path_factory.mktemp("watched")
    settings = {"TRUSTED_PROXIES": "1", "LOG_LEVEL": "debug"}
    with serving(folder, settings, "tests.odd_server") as server:
        yield LoggedServer(**vars(server))


def request(line: bytes, headers: bytes = b"") -> bytes:
    return b"%s HTTP/1.1\r\n%s%s\r\n" % (line, HOST, headers)


UNKNOWN = "0b9f6a52-6a0e-4d3b-9a4e-3f1c52f1a7d8"
REQUESTS = [
    (post(b"username=sam&lastname=king"), 201, "createUserDetails"),
    (post(b"username=sam"), 400, "createUserDetails"),
    (request(b"GET /userDetails"), 401, "getMyUserDetails"),
    (request(b"HEAD /userDetails"), 401, "getMyUserDetails"),
    (request(b"GET /userDetails/" + UNKNOWN.encode()), 404, "getUserDetails"),
    (request(b"GET /userSignUp"), 405, None),
    (request(b"OPTIONS /userSignUp"), 204, None),
    (request(b"GET /nowhere"), 404, None),
    (request(b"GET //userDetails"), 404, None),
    (LIVEZ, 200, None),
    (request(b"GET /docs/nothing"), 404, None),
    (LIVEZ.replace(HOST, b""), 400, None),
    (b"nonsense\r\n\r\n", 400, None),
    (request(b"GET /livez", b"Expect: banana\r\n"), 417, None),
]


@pytest.mark.parametrize(("request_", "status", "name"), REQUESTS)
def test_each_answer_is_a_line_of_the_same_id(
    server: LoggedServer, request_: bytes, status: int, name: str | None
) -> None:
    with Client(server) as client:
        answer = client.send(request_).receive(head=request_.startswith(b"HEAD"))
    identity = answer.headers["x-request-id"]
    assert answer.status == status and NEW.fullmatch(identity)
    line = server.response_line(identity)
    more = ["operationId", "status", "duration", "client"]
    assert list(line) == [*COMMON_MEMBERS, *more]
    assert (line["level"], line["logger"]) == ("info", "api.observability.request_log")
    assert line["message"] == f"response {status}" + (f" of {name}" if name else "")
    assert (line["operationId"], line["status"], line["client"]) == (name, status, "127.0.0.1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.]\d{3}Z", line["time"])
    assert abs(datetime.now(UTC) - datetime.fromisoformat(line["time"])) < timedelta(seconds=60)
    assert 0 < line["duration"] < 60


def test_a_duration_is_that_of_the_work_and_of_the_wait_for_it(server: LoggedServer) -> None:
    with (
        Client(server) as client,
        closing(sqlite3.connect(server.log.parent / "signup.db")) as db,
    ):
        db.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        client.send(post(b"username=sam&lastname=king"))
        time.sleep(0.6)
        db.rollback()
        line = server.response_line(client.receive().headers["x-request-id"])
    # The service may have read the request late, so the duration may be shorter.
    assert 0.15 < line["duration"] < time.monotonic() - began


@pytest.mark.parametrize("given", ["a", ANY[:33], ANY[33:], "x" * 64, UNKNOWN])
def test_a_well_formed_id_is_kept(server: LoggedServer, given: str) -> None:
    for path in "userDetails", "userSignUp", "nowhere":
        headers = {"X-Request-ID": given}
        answer = requests.get(f"{server.url}/{path}", headers=headers, timeout=60)
        assert answer.headers["X-Request-ID"] == given
    assert len([line for line in server.log_lines(given) if "status" in line]) == 3


@pytest.mark.parametrize(
    "given",
    [
        *[b"", b"x" * 65, b"a b", b"a\tb", b'a"b', b"a,b", b"a/b", b"a:b", b"a@b", b"a[b", b"a^b"],
        *[
            b"a`b",
            b"a{b",
            b"caf\xe9",
            "caf\u00e9".encode(),
            b"\xd9\xa1",
            b"a%0d%0ab",
            b"{}",
            b"a\\u",
        ],
        b"a\r\nX-Request-ID: b",
    ],
)
def test_an_ill_formed_id_is_replaced(server: LoggedServer, given: bytes) -> None:
    answer = request_once(server, request(b"GET /userDetails", b"X-Request-ID: %s\r\n" % given))
    identity = answer.headers["x-request-id"]
    assert answer.status == 401 and NEW.fullmatch(identity)
    assert server.response_line(identity)["status"] == 401


@pytest.mark.parametrize("given", [b"a\r b", b"a\n\nb", b"a\0b", b"a\rERROR"])
def test_an_id_that_breaks_the_header_is_refused_under_a_new_one(
    server: LoggedServer, given: bytes
) -> None:
    answer = request_once(server, request(b"GET /userDetails", b"X-Request-ID: %s\r\n" % given))
    assert answer.status == 400 and NEW.fullmatch(answer.headers["x-request-id"])


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 2001:db8::7", "2001:db8::7"),
        ("203.0.113.9, forged{}", None),
        ("a\\", None),
    ],
)
def test_the_client_is_whom_the_trusted_proxy_names(
    server: LoggedServer, said: str, client: str | None
) -> None:
    headers = {"X-Forwarded-For": said}
    answer = requests.get(f"{server.url}/userDetails", headers=headers, timeout=60)
    assert server.response_line(answer.headers["X-Request-ID"])["client"] == client


def test_client_data_is_not_logged(server: LoggedServer) -> None:
    """Nor malformed requests, which gunicorn's own messages would quote."""
    link = (
        request_once(server, post(b"username=sam&lastname=canary-1")).headers["location"].encode()
    )
    secret = b"Authorization: Basic Y2FuYXJ5OmNhbmFyeQ==\r\n"
    for line in link, b"/userSignUp?canary-2", b"/canary-3":
        for end in b"HTTP/1.1", b"HTTP/9.9", b"HTTP/1.1 canary-4", b"canary-5":
            for method in b"GET", b"DELETE", b"canary-6", b"PUT":
                for odd in b"", b"canary-7\r\n", b"Authorization : canary-8\r\n":
                    request_once(
                        server, b"%s %s %s\r\n%s%s%s\r\n" % (method, line, end, HOST, secret, odd)
                    )
    logged = server.log.read_text("utf-8")
    assert not re.search(f"canary|Y2FuYXJ5|{link.decode().rpartition('/')[2]}", logged)


def test_all_lines_have_the_same_first_members(server: LoggedServer) -> None:
    for sent in request(b"GET /raises"), request(b"GET /livez"):
        request_once(server, sent)
    lines = [json.loads(line) for line in server.log.read_text("utf-8").splitlines()]
    assert {"info", "error"} <= {line["level"] for line in lines}
    for line in lines:
        assert list(line)[:5] == COMMON_MEMBERS
        texts = [line[name] for name in COMMON_MEMBERS[:4]]
        assert all(isinstance(text, str) and text for text in texts), line


def test_a_fault_is_one_line_with_the_id_of_the_answer(server: LoggedServer) -> None:
    answer = request_once(server, request(b"GET /raises"))
    fault, line = server.log_lines(answer.headers["x-request-id"])
    assert (answer.status, line["status"], line["operationId"]) == (500, 500, None)
    assert (fault["level"], fault["logger"]) == ("error", "api.server.application")
    assert list(fault) == [*COMMON_MEMBERS, "exception"]
    assert fault["exception"].startswith("Traceback") and "RuntimeError" in fault["exception"]
