"""Responses that belong to no operation: each row of the last tag's table is tested.

A row names the headers of its status. Those in brackets are sent at `/userSignUp` only.
"""

import json
import re

import pytest

from api.contract.proof.proof import Proof
from api.security.browsers import SIGN_UP_PATH
from tests.server.test_server_wire import request_last
from tests.serving import Server

HOST = "Host: localhost\r\n"
POST = "POST {path} HTTP/1.1\r\n"
REQUESTS = {
    "OPTIONS": (204, f"OPTIONS {{path}} HTTP/1.1\r\n{HOST}\r\n"),
    "no host": (400, f"{POST}\r\n"),
    "an invalid host": (400, f"{POST}Host: a b\r\n\r\n"),
    "two hosts": (400, f"{POST}{HOST}{HOST}\r\n"),
    "a space before a colon": (400, f"{POST}{HOST}Accept : */*\r\n\r\n"),
    "an unknown address": (404, f"GET {{path}}/nowhere HTTP/1.1\r\n{HOST}\r\n"),
    "an unknown method": (405, f"BREW {{path}} HTTP/1.1\r\n{HOST}\r\n"),
    "a long address": (414, f"POST {{path}}?{'a' * 9000} HTTP/1.1\r\n{HOST}\r\n"),
    "an unknown expectation": (417, f"{POST}{HOST}Expect: banana\r\n\r\n"),
    "an absolute address": (417, f"POST http://a{{path}} HTTP/1.1\r\n{HOST}Expect: banana\r\n\r\n"),
    "a large header": (431, f"{POST}{HOST}X-Large: {'a' * 9000}\r\n\r\n"),
    "an unknown transfer coding": (501, f"{POST}{HOST}Transfer-Encoding: banana, chunked\r\n\r\n"),
}
COMMON = {
    *["cache-control", "content-security-policy", "referrer-policy", "x-content-type-options"],
    *["x-request-id", "date", "server", "connection", "content-type", "content-length"],
}
"""Headers of every response, and headers of HTTP's framing, which no row names."""


def rows(proof: Proof) -> dict[int, tuple[str, set[str]]]:
    """Return the table in the last tag's description: status to meaning and headers."""
    found = re.findall(
        r"^\| (\d+) \| (.*) \| (.*) \|$", proof.root["tags"][-1]["description"], re.M
    )
    return {
        int(status): (meaning, set(filter(None, headers.split(", "))))
        for status, meaning, headers in found
    }


def test_the_table_has_each_status_that_belongs_to_no_operation(proof: Proof) -> None:
    assert list(rows(proof)) == sorted({status for status, _ in REQUESTS.values()})


@pytest.mark.parametrize("path", ["/userDetails", SIGN_UP_PATH])
@pytest.mark.parametrize(("status", "request_"), REQUESTS.values(), ids=REQUESTS)
def test_a_row_names_exactly_the_headers_that_are_sent(
    server: Server, proof: Proof, path: str, status: int, request_: str
) -> None:
    meaning, named = rows(proof)[status]
    answered, headers, body = request_last(server, request_.format(path=path))
    assert answered == status
    is_sign_up = path == SIGN_UP_PATH and status != 404
    expected = {name.strip("()").lower() for name in named if is_sign_up or name[0] != "("}
    assert headers.keys() - COMMON == expected
    assert headers.get("access-control-allow-origin", "*") == "*"
    if status != 204:
        assert json.loads(body)["detail"] == meaning or status == 400
