"""Requests that arrive in pieces, pipelined, or with a wrong length."""

import socket
import time

import pytest

from tests.clients import HOST, LIVEZ, Client, post, request_once
from tests.serving import Server

WHOLE = b"username=ada&lastname=king"


def test_requests_that_come_at_once_are_answered_in_their_order(server: Server) -> None:
    head = LIVEZ.replace(b"GET", b"HEAD")
    chunked = post(b"1a\r\n%s\r\n0\r\n\r\n" % WHOLE, b"Transfer-Encoding: chunked\r\n")
    with Client(server) as client:
        client.send(LIVEZ + post(WHOLE) + head + chunked + post(b"x=y") + LIVEZ[:9])
        statuses = [client.receive(head=number == 2).status for number in range(5)]
        assert statuses == [200, 201, 200, 201, 400]
        assert client.send(LIVEZ[9:]).receive().status == 200


def test_a_half_closed_connection_gets_all_responses(server: Server) -> None:
    with Client(server) as client:
        client.send(LIVEZ * 3).end_sending()
        assert [client.receive().status for _ in range(3)] == [200] * 3
        assert client.is_closed_cleanly()


@pytest.mark.parametrize("request_", [LIVEZ, post(WHOLE)], ids=["head", "body"])
def test_a_request_may_come_a_byte_at_a_time(server: Server, request_: bytes) -> None:
    with Client(server) as client:
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request_:
            client.send(bytes([byte]))
            time.sleep(0.0005)
        assert client.receive().status in (200, 201)


def test_expect_100_continue_gets_one_100(server: Server) -> None:
    length = b"Content-Length: %d\r\n" % len(WHOLE)
    asking = post(b"", b"Expect: 100-Continue\r\n" + length)
    with Client(server) as client:
        assert client.send(asking).receive() == (100, {}, b"")
        assert client.send(WHOLE[:5], WHOLE[5:]).receive().status == 201
        # This client didn't wait for 100 Continue.
        assert client.send(asking + WHOLE).receive().status == 201
    with Client(server) as client:
        old = asking.replace(b"HTTP/1.1", b"HTTP/1.0")
        client.send(old)
        time.sleep(0.05)
        assert not client.has_data()
        assert client.send(WHOLE).receive().status == 201


def test_a_body_is_refused_before_it_is_sent(server: Server) -> None:
    length = b"Content-Length: 10000000\r\n"
    assert request_once(server, post(b"", length)).status == 413
    assert request_once(server, post(b"", length + b"Expect: 100-continue\r\n")).status == 413
    assert request_once(server, post(b"", b"Expect: banana\r\nContent-Length: 9\r\n")).status == 417


def test_a_client_refused_while_it_sends_can_read_the_response(server: Server) -> None:
    """If the connection was closed at once, a reset would discard the response."""
    for headers in (b"Content-Length: 9999999\r\n", b"Content-Length: 1\r\nContent-Length: 2\r\n"):
        with Client(server) as client:
            client.send(post(b"x" * 9999999, headers))
            time.sleep(0.1)
            assert client.receive().status in (400, 413)
            assert client.is_closed_cleanly()


@pytest.mark.parametrize(
    ("headers", "version", "stays"),
    [
        (b"", b"1.1", True),
        (b"Connection: close\r\n", b"1.1", False),
        (b"", b"1.0", False),
        (b"Connection: keep-alive\r\n", b"1.0", True),
        (b"Connection: Close\r\nX-Odd: 1\r\n", b"1.1", False),
    ],
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_a_connection_stays_open_as_its_client_asks(
    server: Server, method: bytes, headers: bytes, version: bytes, stays: bool
) -> None:
    request = b"%s /livez HTTP/%s\r\n%s%s\r\n" % (method, version, HOST, headers)
    with Client(server) as client:
        response = client.send(request).receive(head=method == b"HEAD")
        assert response.headers["connection"] == ("keep-alive" if stays else "close")
        if stays:
            assert client.send(LIVEZ).receive().status == 200
        else:
            assert client.send(LIVEZ).is_closed_cleanly()


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 26\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 26\r\n",
        b"Content-Length: 26\r\nContent-Length: 26\r\n",
        *[b"Content-Length: %s\r\n" % length for length in (b"+26", b"26, 26", b"0x1a", b"-1")],
        *[b"Content-Length : 26\r\n", b"Content-Length: 26\n", b"Content-Length: 26\r\n X: 1\r\n"],
        *[b"Content-Length: 26\r\nX-Nul: a\0b\r\n", b"X\0: 1\r\nContent-Length: 26\r\n"],
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
    ],
)
def test_ambiguous_requests_are_refused_and_end_the_connection(
    server: Server, headers: bytes
) -> None:
    with Client(server) as client:
        client.send(post(WHOLE, headers) + LIVEZ)
        assert client.receive().status in (400, 501)
        assert client.is_closed_cleanly()
